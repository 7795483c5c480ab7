"""News of approvals for people and programs elsewhere: the summary and the link, never a document or a message body.

plain_text.py  text written by others, made harmless in chats and mails
news.py        one step of an approval as text for people and as JSON for programs
webhook.py     signed JSON over HTTP (Standard Webhooks)
chat.py        chats, mail and the like, by Apprise
delivery.py    one queue and one task for each target: in order, tried again, never in anybody's way
notifier.py    the desk's listener: which target hears of what
"""

from countersign.notifications.delivery import Delivery
from countersign.notifications.notifier import Notifier

__all__ = ["Delivery", "Notifier"]
