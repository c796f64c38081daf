"""Deliveries on the real log to real receivers: signed, in order, at least once, never in anybody's way."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from application.webhook import (
    ChangeWebhook,
    PauseWebhook,
    RedeliverWebhook,
    RemoveWebhook,
    ResumeWebhook,
    RewindWebhook,
    RotateWebhookSecret,
    TryWebhook,
)
from tests.infrastructure.webhooks.scene import Scene, quick, until
from tests.support.receiver import Reply, receiving


async def settled(scene: Scene, webhook: UUID, count: int) -> None:
    async def is_so() -> bool:
        return len([one for one in await scene.log_of(webhook) if one.status != "waiting"]) >= count

    await until(is_so)


async def test_each_event_arrives_signed_in_order_and_verifies_with_the_official_library(scene: Scene) -> None:
    async with receiving() as there, scene.carrying():
        webhook = await scene.webhook(there.url)
        chat = await scene.chat("one", with_assistant=False)
        await scene.say(chat, "two")
        await there.has(2)
        assert there.texts == ["one", "two"]
        official = Webhook(await scene.secret(webhook))
        for got in there.got:
            facts = official.verify(got.body, got.headers)
            assert (facts["type"], facts["by"]["kind"]) == ("message:new", "visitor")
            assert got.headers["webhook-id"] == facts["eventId"]
            with pytest.raises(WebhookVerificationError):
                official.verify(got.body.replace(b"one", b"uno").replace(b"two", b"due"), got.headers)
        await settled(scene, webhook, 2)


async def test_two_failures_and_a_success_are_one_delivery_of_three_attempts_and_nothing_overtakes(
    scene: Scene,
) -> None:
    async with receiving(Reply(500), Reply(500, body=b"x" * 3000), Reply(200)) as there, scene.carrying():
        webhook = await scene.webhook(there.url)
        chat = await scene.chat("one", with_assistant=False)
        await scene.say(chat, "two")
        await there.has(4)
        assert there.texts == ["one", "one", "one", "two"]
        assert len({got.headers["webhook-id"] for got in there.got[:3]}) == 1
        await settled(scene, webhook, 2)
        first, second = await scene.log_of(webhook)
        assert (first.status, first.attempts, first.code) == ("delivered", 3, 200)
        assert (second.status, second.attempts) == ("delivered", 1)


async def test_what_was_under_way_when_the_process_died_is_made_again(scene: Scene) -> None:
    async with receiving(Reply(), Reply(hangs=True), Reply()) as there:
        async with scene.carrying(deadline=30):
            webhook = await scene.webhook(there.url)
            chat = await scene.chat("one", with_assistant=False)
            await scene.say(chat, "two")
            await scene.say(chat, "three")
            await there.has(2)
        async with scene.carrying():
            await settled(scene, webhook, 3)
    assert set(there.texts) == {"one", "two", "three"}
    assert there.texts[-2:] == ["two", "three"]


async def test_what_happened_while_nobody_delivered_is_delivered_later(scene: Scene) -> None:
    async with receiving() as there:
        async with scene.carrying():
            await scene.webhook(there.url)
        await scene.chats(450)
        async with scene.carrying():
            await there.has(450)
    assert there.seqs == sorted(there.seqs)
    assert set(there.texts) == set(map(str, range(450)))


async def test_one_that_hangs_holds_up_no_other(scene: Scene) -> None:
    async with receiving(Reply(hangs=True)) as dead, receiving() as alive, scene.carrying(deadline=100):
        await scene.webhook(dead.url)
        webhook = await scene.webhook(alive.url)
        await scene.chats(1000)
        await alive.has(1000)
        assert alive.seqs == sorted(alive.seqs)
        assert set(alive.texts) == set(map(str, range(1000)))
        assert len(dead.got) == 1
        await settled(scene, webhook, 1000)


async def test_a_poisonous_event_steps_aside_is_retried_alone_and_dies(scene: Scene) -> None:
    schedule = quick(delays=(0.01, 0.01, 0.2), held_attempts=2)
    async with receiving(Reply(400), Reply(400), Reply(), Reply(400)) as there, scene.carrying(schedule):
        webhook = await scene.webhook(there.url)
        chat = await scene.chat("bad", with_assistant=False)
        await scene.say(chat, "good")
        await settled(scene, webhook, 2)
        bad, good = await scene.log_of(webhook)
        assert there.texts[:3] == ["bad", "bad", "good"]
        assert there.texts[3:] == ["bad", "bad"]
        assert (bad.status, bad.attempts, bad.next_at) == ("failed", 4, None)
        assert good.status == "delivered"


async def test_while_the_address_is_down_all_waits_in_order_and_nothing_dies(scene: Scene) -> None:
    schedule = quick(delays=(0.01, 0.01, 60.0), held_attempts=2)
    async with receiving(Reply(503)) as there, scene.carrying(schedule):
        webhook = await scene.webhook(there.url)
        chat = await scene.chat("0", with_assistant=False)
        for number in range(1, 6):
            await scene.say(chat, str(number))

        async def three_wait_for_a_minute_and_the_fourth_is_tried() -> bool:
            rows = [(one.status, one.is_aside, one.attempts) for one in await scene.log_of(webhook)]
            return rows[:3] == [("waiting", True, 3)] * 3 and rows[3:] and rows[3][2] > 4

        await until(three_wait_for_a_minute_and_the_fourth_is_tried)
        assert len(await scene.log_of(webhook)) == 4
        there.will(Reply(200))
        await settled(scene, webhook, 6)
        delivered = there.texts[-6:]
        assert sorted(delivered) == [str(number) for number in range(6)]
        assert [one for one in delivered if one in "345"] == ["3", "4", "5"]
        assert [one for one in delivered if one in "012"] == ["0", "1", "2"]


async def test_gone_pauses_at_once_and_resuming_loses_nothing(scene: Scene) -> None:
    async with receiving(Reply(410), Reply()) as there, scene.carrying():
        webhook = await scene.webhook(there.url)
        chat = await scene.chat("one", with_assistant=False)
        await until(lambda: _has(scene, webhook, "webhook.paused.1"))
        await scene.say(chat, "two")
        [event] = [one.event for one in await scene.store.reader.stream(7, webhook) if "paused" in one.type]
        assert (event.reason, event.by.kind) == ("gone", "system")
        assert len(there.got) == 1
        await scene.ask(ResumeWebhook(webhook_id=webhook))
        await there.has(3)
        assert there.texts == ["one", "one", "two"]


async def test_failing_for_long_pauses_with_an_event(scene: Scene) -> None:
    async with receiving(Reply(500)) as there, scene.carrying(quick(failing_for=timedelta(seconds=0.05))):
        webhook = await scene.webhook(there.url)
        await scene.chat("one", with_assistant=False)
        await until(lambda: _has(scene, webhook, "webhook.paused.1"))
        assert (await scene.types_of(webhook)).count("webhook.paused.1") == 1


async def test_failing_for_long_pauses_although_nothing_new_comes(scene: Scene) -> None:
    schedule = quick(delays=(0.0,) * 3 + (0.7,) * 6, failing_for=timedelta(seconds=0.5))
    async with receiving(Reply(500)) as there, scene.carrying(schedule):
        webhook = await scene.webhook(there.url)
        await scene.chat("one", with_assistant=False)
        await until(lambda: _has(scene, webhook, "webhook.paused.1"))
        [only] = await scene.log_of(webhook)
        assert (only.status, only.attempts) == ("waiting", 5)


async def test_what_is_asked_to_wait_waits(scene: Scene) -> None:
    async with receiving(Reply(429, "Retry-After: 1\r\n"), Reply()) as there, scene.carrying():
        webhook = await scene.webhook(there.url)
        await scene.chat("one", with_assistant=False)
        await settled(scene, webhook, 1)
        first, second = (int(got.headers["webhook-timestamp"]) for got in there.got)
        assert second - first >= 1


async def test_a_redirect_is_not_followed(scene: Scene) -> None:
    async with receiving() as other, receiving() as there, scene.carrying():
        there.will(Reply(307, f"Location: {other.url}\r\n"), Reply())
        webhook = await scene.webhook(there.url)
        await scene.chat("one", with_assistant=False)
        await settled(scene, webhook, 1)
    assert (len(there.got), len(other.got)) == (2, 0)


async def test_paused_it_waits_in_the_log_and_goes_on_where_it_was(scene: Scene) -> None:
    async with receiving() as there, scene.carrying():
        webhook = await scene.webhook(there.url)
        chat = await scene.chat("one", with_assistant=False)
        await there.has(1)
        await scene.ask(PauseWebhook(webhook_id=webhook))
        await scene.say(chat, "two")
        delivery = (await scene.ask(TryWebhook(webhook_id=webhook)))[0].delivery_id
        await there.has(2)
        assert there.got[1].facts["type"] == "webhook:test"
        await scene.ask(ResumeWebhook(webhook_id=webhook))
        await there.has(3)
        assert there.texts[2] == "two"
        found = await scene.parts.deliveries.find(7, webhook, delivery)
        assert found is not None
        assert (found.status, found.attempts) == ("delivered", 1)


async def test_a_replay_sends_the_same_ids_again_and_then_what_is_new(scene: Scene) -> None:
    async with receiving() as there, scene.carrying():
        webhook = await scene.webhook(there.url)
        chat = await scene.chat("one", with_assistant=False)
        await scene.say(chat, "two")
        await there.has(2)
        await scene.ask(RewindWebhook(webhook_id=webhook, to_seq=1))
        await there.has(4)
        await scene.say(chat, "three")
        await there.has(5)
        assert there.texts == ["one", "two", "one", "two", "three"]
        ids = [got.headers["webhook-id"] for got in there.got]
        assert ids[:2] == ids[2:4]
        head = await scene.store.head(7)
        await scene.ask(PauseWebhook(webhook_id=webhook))
        await scene.say(chat, "skipped")
        await scene.ask(RewindWebhook(webhook_id=webhook, to_seq=head + 3))
        await scene.ask(ResumeWebhook(webhook_id=webhook))
        await scene.say(chat, "four")
        await there.has(6)
        assert there.texts[5] == "four"


async def test_a_replay_that_nobody_heard_is_followed_by_the_next_process(scene: Scene) -> None:
    async with receiving() as there:
        async with scene.carrying():
            webhook = await scene.webhook(there.url)
            await scene.chat("one", with_assistant=False)
            await settled(scene, webhook, 1)
        await scene.ask(RewindWebhook(webhook_id=webhook, to_seq=1))
        for _ in range(2):
            async with scene.carrying():
                await settled(scene, webhook, 2)
    assert there.texts == ["one", "one"]


async def test_a_delivery_is_sent_once_more_on_request(scene: Scene) -> None:
    async with receiving() as there, scene.carrying():
        webhook = await scene.webhook(there.url)
        await scene.chat("one", with_assistant=False)
        await settled(scene, webhook, 1)
        [delivery] = await scene.log_of(webhook)
        await scene.ask(RedeliverWebhook(webhook_id=webhook, delivery_id=delivery.delivery_id))
        await there.has(2)
        assert there.got[0].headers["webhook-id"] == there.got[1].headers["webhook-id"]
        await until(lambda: _attempts(scene, webhook, 2))


async def test_during_a_rotation_both_secrets_verify_and_afterwards_only_the_new_one(scene: Scene) -> None:
    async with receiving() as there, scene.carrying():
        webhook = await scene.webhook(there.url)
        old = Webhook(await scene.secret(webhook))
        [rotated] = await scene.ask(RotateWebhookSecret(webhook_id=webhook, grace_seconds=3600))
        new = Webhook(await scene.parts.secrets.issue(7, webhook, rotated.secret_id))
        chat = await scene.chat("one", with_assistant=False)
        await there.has(1)
        assert len(there.got[0].headers["webhook-signature"].split(" ")) == 2
        for official in (old, new):
            official.verify(there.got[0].body, there.got[0].headers)
        scene.later(days=-4000)  # the grace of this one has long been over
        [again] = await scene.ask(RotateWebhookSecret(webhook_id=webhook, grace_seconds=0))
        newest = Webhook(await scene.parts.secrets.issue(7, webhook, again.secret_id))
        await scene.say(chat, "two")
        await there.has(2)
        newest.verify(there.got[1].body, there.got[1].headers)
        with pytest.raises(WebhookVerificationError):
            old.verify(there.got[1].body, there.got[1].headers)


async def test_what_is_not_wanted_does_not_leave(scene: Scene) -> None:
    async with receiving() as plain, receiving() as whole, receiving() as bare, scene.carrying():
        await scene.webhook(plain.url)
        await scene.webhook(whole.url, "message:new", "conversation.started.*", private_notes=True)
        await scene.webhook(bare.url, personal_data=False)
        chat = await scene.chat("one", with_assistant=False)
        await scene.note(chat, "a secret note")
        await scene.say(chat, "two")
        for there, count in ((plain, 2), (whole, 4), (bare, 2)):
            await there.has(count)
        assert plain.texts == ["one", "two"]
        assert [got.facts["type"] for got in whole.got] == [
            "conversation.started.1", "message:new", "message:new", "message:new"
        ]  # fmt: skip
        assert whole.texts[1:] == ["one", "a secret note", "two"]
        assert bare.texts == [None, None]


async def test_a_change_and_a_removal_are_heeded(scene: Scene) -> None:
    async with receiving() as first, receiving() as second, scene.carrying() as courier:
        webhook = await scene.webhook(first.url)
        chat = await scene.chat("one", with_assistant=False)
        await first.has(1)
        await scene.ask(ChangeWebhook(webhook_id=webhook, url=second.url))
        await scene.say(chat, "two")
        await second.has(1)
        await scene.ask(RemoveWebhook(webhook_id=webhook))
        await until(lambda: courier.state.webhooks == 0)
        await scene.say(chat, "three")
        assert (first.texts, second.texts) == (["one"], ["two"])


async def _has(scene: Scene, webhook: UUID, type: str) -> bool:
    return type in await scene.types_of(webhook)


async def _attempts(scene: Scene, webhook: UUID, count: int) -> bool:
    [delivery] = await scene.log_of(webhook)
    return (delivery.status, delivery.attempts) == ("delivered", count)
