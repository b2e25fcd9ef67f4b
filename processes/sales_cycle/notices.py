"""What people tell an opportunity: another enquiry, a wish to change the offer, a complaint, that it is off."""

from processes.notices import Entry, Notice, register
from processes.sales_cycle.parties import KEY

SALES = ("sales_rep", "sales_manager")
CLAIMS = (*SALES, "complaints_officer", "service_desk")

register(
    Notice(
        process=KEY,
        key="asked_again",
        title="The customer asks again",
        message="enquiry.additional",
        hint="The lead is qualified anew at once.",
        groups=(*SALES, "call_agent"),
        entries=(Entry(name="need_text", label="What they ask for"),),
    ),
    Notice(
        process=KEY,
        key="change",
        title="The customer wants another offer",
        message="offer.change_requested",
        hint="It is negotiated, then there is a new version.",
        groups=(*SALES, "call_agent"),
        entries=(Entry(name="asked_change", label="What they want changed"),),
    ),
    Notice(
        process=KEY,
        key="complaint",
        title="The customer complains",
        message="complaint.opened",
        hint="The sale rests until the complaint is settled.",
        groups=CLAIMS,
        entries=(Entry(name="note", label="About what"),),
    ),
    Notice(
        process=KEY,
        key="complaint_settled",
        title="The complaint is settled",
        message="complaint.closed",
        hint="The sale goes on where it was.",
        groups=CLAIMS,
        entries=(Entry(name="note", label="How"),),
    ),
    Notice(
        process=KEY,
        key="stop",
        title="Stop the opportunity",
        message="opportunity.stop",
        hint="An offer that is open is taken back, and the loss is recorded.",
        groups=SALES,
        entries=(Entry(name="note", label="Why"),),
    ),
)
