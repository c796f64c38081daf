"""What a widget says by itself, in four languages. A tenant may say each of it otherwise, in any language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from domain.refusals import Invalid
from domain.values import bounded
from domain.wording import LONGEST_TEXT, MOST_LOCALES, chosen, locale

Words = dict[str, str]
"""Texts by key."""

ENGLISH = MappingProxyType(
    {
        "greeting": "Hello! How can we help?",
        "launcher": "",
        "openChat": "Chat",
        "closeChat": "Close chat",
        "placeholder": "Write a message…",
        "message": "Your message",
        "send": "Send",
        "assistantFirst": "Our assistant answers first",
        "askAnything": "Ask us anything",
        "away": "We are away. Leave a message",
        "waiting": "A person will be with you soon",
        "withTeam": "You are talking with our team",
        "ended": "This conversation has ended",
        "reconnecting": "Reconnecting…",
        "thinking": "The assistant is thinking…",
        "askHuman": "Talk to a human",
        "startAnew": "Start a new conversation",
        "preChat": "Before we start",
        "offline": "Leave us a message",
        "begin": "Start the chat",
        "choose": "Choose…",
        "needed": "This is needed.",
        "rate": "How was it?",
        "rateComment": "Anything to add?",
        "rateSend": "Send rating",
        "rateThanks": "Thank you for telling us.",
        "smallPrint": "Every word here is kept, verbatim.",
        "transcript": "Conversation",
        "started": "Started",
        "visitor": "Visitor",
        "agent": "Agent",
        "assistant": "Assistant",
        "note": "private note",
        "erased": "[erased]",
        "noticeSubject": "You have an unread reply",
        "noticeIntro": "While you were away we wrote:",
        "noticeBack": "Go on with the conversation",
    }
)
"""Every key there is; those after `smallPrint` are a transcript's, then those of a mail to an absent visitor."""

BUILT_IN: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": ENGLISH,
        "de": {
            "greeting": "Hallo! Wie können wir helfen?",
            "closeChat": "Chat schließen",
            "placeholder": "Nachricht schreiben…",
            "message": "Ihre Nachricht",
            "send": "Senden",
            "assistantFirst": "Zuerst antwortet unser Assistent",
            "askAnything": "Fragen Sie uns",
            "away": "Wir sind nicht da. Schreiben Sie uns",
            "waiting": "Gleich ist jemand für Sie da",
            "withTeam": "Sie sprechen mit unserem Team",
            "ended": "Dieses Gespräch ist beendet",
            "reconnecting": "Verbindung wird hergestellt…",
            "thinking": "Der Assistent denkt nach…",
            "askHuman": "Mit einem Menschen sprechen",
            "startAnew": "Neues Gespräch beginnen",
            "preChat": "Bevor wir beginnen",
            "offline": "Schreiben Sie uns",
            "begin": "Gespräch beginnen",
            "choose": "Bitte wählen…",
            "needed": "Das wird gebraucht.",
            "rate": "Wie war es?",
            "rateComment": "Möchten Sie etwas hinzufügen?",
            "rateSend": "Bewertung senden",
            "rateThanks": "Danke für Ihre Bewertung.",
            "smallPrint": "Jedes Wort hier wird aufbewahrt.",
            "transcript": "Gespräch",
            "started": "Begonnen",
            "visitor": "Besucher",
            "agent": "Team",
            "assistant": "Assistent",
            "note": "private Notiz",
            "erased": "[gelöscht]",
            "noticeSubject": "Sie haben eine ungelesene Antwort",
            "noticeIntro": "Während Sie weg waren, haben wir geschrieben:",
            "noticeBack": "Das Gespräch fortsetzen",
        },
        "fr": {
            "greeting": "Bonjour ! Comment pouvons-nous vous aider ?",
            "closeChat": "Fermer la discussion",
            "placeholder": "Écrivez un message…",
            "message": "Votre message",
            "send": "Envoyer",
            "assistantFirst": "Notre assistant répond en premier",
            "askAnything": "Posez-nous vos questions",
            "away": "Nous sommes absents. Laissez un message",
            "waiting": "Quelqu'un va vous répondre",
            "withTeam": "Vous parlez avec notre équipe",
            "ended": "Cette conversation est terminée",
            "reconnecting": "Reconnexion…",
            "thinking": "L'assistant réfléchit…",
            "askHuman": "Parler à une personne",
            "startAnew": "Commencer une nouvelle conversation",
            "preChat": "Avant de commencer",
            "offline": "Laissez-nous un message",
            "begin": "Commencer",
            "choose": "Choisissez…",
            "needed": "Ce champ est nécessaire.",
            "rate": "Comment était-ce ?",
            "rateComment": "Souhaitez-vous ajouter quelque chose ?",
            "rateSend": "Envoyer l'avis",
            "rateThanks": "Merci pour votre avis.",
            "smallPrint": "Chaque mot ici est conservé.",
            "transcript": "Conversation",
            "started": "Commencée",
            "visitor": "Visiteur",
            "agent": "Équipe",
            "assistant": "Assistant",
            "note": "note privée",
            "erased": "[effacé]",
            "noticeSubject": "Vous avez une réponse non lue",
            "noticeIntro": "En votre absence, nous avons écrit :",
            "noticeBack": "Reprendre la conversation",
        },
        "es": {
            "greeting": "¡Hola! ¿Cómo podemos ayudarle?",
            "closeChat": "Cerrar el chat",
            "placeholder": "Escriba un mensaje…",
            "message": "Su mensaje",
            "send": "Enviar",
            "assistantFirst": "Primero responde nuestro asistente",
            "askAnything": "Pregúntenos lo que quiera",
            "away": "No estamos. Déjenos un mensaje",
            "waiting": "Enseguida le atiende una persona",
            "withTeam": "Está hablando con nuestro equipo",
            "ended": "Esta conversación ha terminado",
            "reconnecting": "Reconectando…",
            "thinking": "El asistente está pensando…",
            "askHuman": "Hablar con una persona",
            "startAnew": "Empezar otra conversación",
            "preChat": "Antes de empezar",
            "offline": "Déjenos un mensaje",
            "begin": "Empezar",
            "choose": "Elija…",
            "needed": "Este dato es necesario.",
            "rate": "¿Qué tal fue?",
            "rateComment": "¿Desea añadir algo?",
            "rateSend": "Enviar valoración",
            "rateThanks": "Gracias por su valoración.",
            "smallPrint": "Cada palabra se conserva aquí.",
            "transcript": "Conversación",
            "started": "Comenzó",
            "visitor": "Visitante",
            "agent": "Equipo",
            "assistant": "Asistente",
            "note": "nota privada",
            "erased": "[borrado]",
            "noticeSubject": "Tiene una respuesta sin leer",
            "noticeIntro": "Mientras no estaba, le escribimos:",
            "noticeBack": "Seguir la conversación",
        },
    }
)


def valid_texts(texts: Mapping[str, Mapping[str, str]]) -> dict[str, Words]:
    """A tenant's own texts: locale -> key -> text. Raises Invalid for a key that no widget says."""
    if len(texts) > MOST_LOCALES:
        raise Invalid(f"A widget speaks at most {MOST_LOCALES} languages.")
    return {locale(name): _valid_words(words) for name, words in sorted(texts.items())}


def locales(own: Mapping[str, Words]) -> tuple[str, ...]:
    """The languages a widget with these texts speaks."""
    return tuple(sorted({*BUILT_IN, *own}))


def words_in(own: Mapping[str, Words], wanted: str, default: str, greeting: str) -> Words:
    """All texts, each in the first that has it: the tenant's of this language, of its parent, ours, the default's.

    `greeting` is the look's, which greets in the default language where no text says otherwise.
    """
    parent = wanted.partition("-")[0]
    ours = BUILT_IN.get(chosen([wanted], BUILT_IN, ""), {})
    first = [own.get(wanted, {}), own.get(parent, {})]
    fallback = [own.get(default, {}), BUILT_IN.get(default.partition("-")[0], {}), ENGLISH]
    is_default = parent == default.partition("-")[0]
    greets: Words = {"greeting": greeting} if is_default else {}
    sources = (*first, greets, ours, *fallback)
    return {key: next(words[key] for words in sources if key in words) for key in ENGLISH}


def _valid_words(words: Mapping[str, str]) -> Words:
    unknown = sorted(set(words) - set(ENGLISH))
    if unknown:
        raise Invalid(f"No widget says {unknown[0][:50]!r}. It says {', '.join(ENGLISH)}.")
    return {key: bounded(key, text, LONGEST_TEXT) for key, text in sorted(words.items())}
