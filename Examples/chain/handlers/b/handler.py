from core.core import reply
from pricing.pricing import PRICES


def handle(event, context):
    return reply(PRICES[event["name"]])
