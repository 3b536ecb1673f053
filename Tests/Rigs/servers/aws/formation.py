"""What moto's CloudFormation leaves out: outputs and parameters of change sets, events of resources, failures."""
import lighter  # noqa: F401  (before moto, which loads all of EC2 for this)
from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError

create_change_set = models.CloudFormationBackend.create_change_set
create_resource, update_resource = parsing.parse_and_create_resource, parsing.parse_and_update_resource
KIND = "AWS::CloudFormation::Stack"


def created(logical_id, resource_json, resources_map, account_id, region_name):
    try:
        resource = create_resource(logical_id, resource_json, resources_map, account_id, region_name)
    except Exception as problem:
        # The innermost one is the one that failed.
        problem.failed = getattr(problem, "failed", (logical_id, resource_json["Type"]))
        raise
    versioning = resource_json.get("Properties", {}).get("VersioningConfiguration")
    if resource_json["Type"] == "AWS::S3::Bucket" and versioning:
        resource.versioning_status = versioning["Status"]
    return resource


def updated(logical_id, resource_json, resources_map, account_id, region_name):
    before = resources_map[logical_id]
    if resource_json["Type"] == "AWS::Logs::LogGroup":
        # moto would forget it, and leave it behind.
        before.retention_in_days = resources_map.resolved_parameters.get("LogDays", before.retention_in_days)
        return before
    resource = update_resource(logical_id, resource_json, resources_map, account_id, region_name)
    if resource is not None and not isinstance(resource, str):
        resource.cf_resource_type, resource.logical_resource_id = resource_json["Type"], logical_id
    return resource


def add_event(stack, name, kind, status, reason=None, physical=None):
    stack.events.append(models.Event(stack.stack_id, stack.name, name, physical, kind, status, reason, None))


def proposed(backend, stack_name, change_set_name, *arguments, **more):
    """A stack that only was proposed is replaced; every other one of that name is in the way."""
    kind = more.get("change_set_type")
    for change_set in backend.change_sets.values():
        if (change_set.stack_name, change_set.change_set_name) == (stack_name, change_set_name):
            if change_set.stack.status != "DELETE_COMPLETE":
                raise AlreadyExistsException(f"ChangeSet {change_set_name} already exists")
    for stack in [stack for stack in backend.stacks.values() if stack.name == stack_name]:
        if kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{stack_name}] already exists and cannot be created again with the changeSet")
        if kind == "CREATE":
            del backend.stacks[stack.stack_id]
    return create_change_set(backend, stack_name, change_set_name, *arguments, **more)


def carried_out(backend, change_set_name, stack_name=None):
    change_set = backend.describe_change_set(change_set_name)
    if change_set.execution_status != "AVAILABLE":
        raise ValidationError(message=f"ChangeSet {change_set_name} cannot be executed in its current status")
    stack, kind = backend.stacks[change_set.stack_id], change_set.change_set_type
    before = (stack.template, stack.parameters)
    add_event(stack, stack.name, KIND, f"{kind}_IN_PROGRESS", "User Initiated", stack.stack_id)
    try:
        apply(stack, change_set.template, change_set.parameters)
    except Exception as problem:
        take_back(stack, kind, before, problem)
    else:
        for name, resource in stack.resource_map._parsed_resources.items():
            if hasattr(resource, "cf_resource_type"):
                physical = getattr(resource, "physical_resource_id", None)
                add_event(stack, name, resource.cf_resource_type, f"{kind}_COMPLETE", None, physical)
        stack.status = f"{kind}_COMPLETE"
    add_event(stack, stack.name, KIND, stack.status, None, stack.stack_id)
    for id in [id for id, each in backend.change_sets.items() if each.stack_id == stack.stack_id]:
        del backend.change_sets[id]


def apply(stack, template, parameters):
    stack.template = template
    stack._parse_template()
    stack.resource_map.update(stack.template_dict, parameters)
    stack.parameters = parameters
    stack.output_map = stack._create_output_map()


def take_back(stack, kind, before, problem):
    name, type_name = getattr(problem, "failed", (stack.name, KIND))
    reason = getattr(problem, "message", None) or str(problem)
    add_event(stack, name, type_name, f"{kind}_FAILED", reason)
    if kind == "CREATE":
        stack.resource_map.delete()
        stack.status = "ROLLBACK_COMPLETE"
    else:
        apply(stack, *before)
        stack.status = "UPDATE_ROLLBACK_COMPLETE"


parsing.parse_and_create_resource, parsing.parse_and_update_resource = created, updated
models.CloudFormationBackend.create_change_set = proposed
models.CloudFormationBackend.execute_change_set = carried_out
