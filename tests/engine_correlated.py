"""A file with the standard's correlation: payments find the case of their invoice by what they bring."""

from tests.engine_world import bpmn, line

MESSAGES = '<message id="paid" name="invoice.paid"/><message id="asked" name="offer.asked"/>'
READ = (
    '<correlationProperty id="invoice_number">'
    '<correlationPropertyRetrievalExpression messageRef="paid"><messagePath>invoice.number</messagePath>'
    "</correlationPropertyRetrievalExpression></correlationProperty>"
)
KEY = (
    '<collaboration id="talk"><correlationKey id="by_invoice">'
    "<correlationPropertyRef>invoice_number</correlationPropertyRef></correlationKey></collaboration>"
)
WANTED = (
    '<correlationSubscription id="mine" correlationKeyRef="by_invoice"><correlationPropertyBinding '
    'correlationPropertyRef="invoice_number"><dataPath>order.invoice</dataPath></correlationPropertyBinding>'
    "</correlationSubscription>"
)
CATCH = '<intermediateCatchEvent id="wait"><messageEventDefinition messageRef="paid"/></intermediateCatchEvent>'


def correlated(*nodes: str, names: tuple[str, ...], read: str = READ, key: str = KEY, wanted: str = WANTED) -> bytes:
    """A process whose messages are correlated."""
    return bpmn(line(*nodes, names=names) + wanted, roots=MESSAGES + read + key)


PAYMENT = correlated(CATCH, '<userTask id="after"/>', names=("wait", "after"))
