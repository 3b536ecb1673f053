"""What every handler builds on."""


def reply(value):
    return {"statusCode": 200, "body": str(value)}
