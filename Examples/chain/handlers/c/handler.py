from core.core import reply


def handle(event, context):
    return reply("well")
