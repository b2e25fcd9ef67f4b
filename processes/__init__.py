"""The business processes that ship with the product, one package each; importing this registers their handlers."""

from processes.disposal import PACKAGE as DISPOSAL
from processes.document_review import PACKAGE as DOCUMENT_REVIEW
from processes.dunning import PACKAGE as DUNNING
from processes.greeting import PACKAGE as GREETING
from processes.helpdesk import PACKAGE as HELPDESK
from processes.leave_request import PACKAGE as LEAVE_REQUEST
from processes.model_review import PACKAGE as MODEL_REVIEW
from processes.offer_approval import PACKAGE as OFFER_APPROVAL
from processes.planner_task import PACKAGE as PLANNER_TASK
from processes.sales_cycle import PACKAGE as SALES_CYCLE
from processes.service_repair import PACKAGE as SERVICE_REPAIR

PACKAGES = (
    OFFER_APPROVAL,
    SALES_CYCLE,
    DUNNING,
    SERVICE_REPAIR,
    HELPDESK,
    DISPOSAL,
    GREETING,
    PLANNER_TASK,
    LEAVE_REQUEST,
    DOCUMENT_REVIEW,
    MODEL_REVIEW,
)
