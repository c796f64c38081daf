import random
from tests.projections.test_folding import *
from tests.conftest import *
async def test_dbg(database):
    chance = random.Random(984); house = House(); await live(house, chance, 10)
    log = house.log.recorded
    for one in log: print(one.position, one.type, str(one.stream_id)[-4:], one.version, one.event.by.kind, getattr(one.event,'text',''))
    async with database.worker() as c:
        res = [await folded(c,[log]), await folded(c, [[o] for o in log]), await folded(c, list(pages(log, chance))), await folded(c, [p for p in pages(log, chance) for _ in range(2)])]
    for i, r in enumerate(res):
        print(i, *r["inbox"], sep="\n")
    assert 0
