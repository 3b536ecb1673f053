"""CodeBuild's projects of CloudFormation's stacks: moto makes what else is in a stack, and knows nothing of these."""
import formation  # noqa: F401  (it mends moto)
from moto.core.common_models import CloudFormationModel

NAMES = {"buildSpec": "buildspec"}


def lowered(value):
    """CodeBuild's own names for CloudFormation's properties."""
    if isinstance(value, dict):
        fields = {name[:1].lower() + name[1:]: lowered(each) for name, each in value.items()}
        return {NAMES.get(name, name): each for name, each in fields.items()}
    if isinstance(value, list):
        return [lowered(each) for each in value]
    # Templates may have numbers and truth values as texts.
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


class Project(CloudFormationModel):
    """moto finds it among its base's subclasses."""

    __module__ = "rig.codebuild"  # moto takes the second word for the service
    builds = None  # set by the gate

    def __init__(self, name, arn):
        self.name, self.arn = name, arn

    @property
    def physical_resource_id(self):
        return self.name

    @staticmethod
    def cloudformation_name_type():
        return "Name"

    @staticmethod
    def cloudformation_type():
        return "AWS::CodeBuild::Project"

    @classmethod
    def has_cfn_attr(cls, attr):
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name):
        return self.arn

    def is_created(self):
        return True

    @classmethod
    def made(cls, operation, name, properties):
        fields = dict(lowered(properties), name=name)
        for limit in ("timeoutInMinutes", "queuedTimeoutInMinutes", "concurrentBuildLimit"):
            if limit in fields:
                fields[limit] = int(fields[limit])
        project = cls.builds.carry_out(operation, fields)["project"]
        return cls(name, project["arn"])

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        return cls.made("CreateProject", resource_name, cloudformation_json["Properties"])

    @classmethod
    def update_from_cloudformation_json(
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        return cls.made("UpdateProject", original_resource.name, cloudformation_json["Properties"])

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        cls.builds.carry_out("DeleteProject", {"name": resource_name})
