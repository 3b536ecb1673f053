from core.core import reply
from pricing.pricing import total


def handle(event, context):
    return reply(total(event["basket"]))
