"""Tools about money, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, integer, number, string, words_for
from funreason_trl.data.sample.values import CURRENCIES, DATE, decimal, either, person, pick, scaled, whole, with_unit


CONTEXT = ("I'm sorting out my finances.", "I have to plan our budget.", "This is for my accounts.")

TRAIN = (
    Tool(
        "convert_currency",
        "money",
        "convert an amount of money into another currency",
        (
            number("amount", whole(20, 900, 5)),
            string("from_currency", words_for(CURRENCIES), "ISO code"),
            string("to_currency", words_for(CURRENCIES), "ISO code"),
        ),
        asks=(
            "[Convert {amount} {from_currency}] to {to_currency}.",
            "[How much is {amount} {from_currency}] in {to_currency}?",
            "[What are {amount} {from_currency} worth] in {to_currency}?",
        ),
        missing=Missing("[Convert {amount} {from_currency}] for me.", "Into which currency should I convert it?"),
        pairs=("[How much is {amount} {from_currency}] in {to_currency1} and in {to_currency2}?",),
    ),
    Tool(
        "loan_payment",
        "money",
        "calculate the monthly payment of a loan",
        (
            number("principal", whole(5000, 90000, 500), "Amount borrowed"),
            number("rate", decimal(2, 9), "Yearly interest in percent"),
            integer("years", whole(3, 30)),
        ),
        asks=(
            "[What would I pay each month] for a loan of {principal} at {rate}% over {years} years?",
            "Work out [the monthly payment] on {principal} borrowed for {years} years at {rate} percent.",
        ),
        missing=Missing(
            "[What would I pay each month] for a loan of {principal} over {years} years?",
            "What is the yearly interest rate of the loan?",
        ),
        pairs=("Compare [the monthly payment] on {principal} at {rate}% over {years1} and over {years2} years.",),
    ),
    Tool(
        "stock_price",
        "money",
        "get the latest share price of a company",
        (
            string(
                "ticker",
                pick("AAPL", "MSFT", "NVDA", "TSLA", "SAP", "KO", "NKE", "IBM", "DIS", "SONY"),
                "Ticker symbol",
            ),
        ),
        asks=(
            "[What does a share of {ticker} cost]?",
            "Get me [the latest price of {ticker}].",
            "[{ticker} price]",
            "[How is {ticker} trading]?",
        ),
        missing=Missing("[What is the share price] today?", "Which company's share do you mean?"),
        pairs=(
            "[What are shares of {ticker1} and {ticker2} trading at]?",
            "Get me [the prices of {ticker1}, {ticker2} and {ticker3}].",
        ),
    ),
    Tool(
        "bank.transfer",
        "money",
        "send money to a person",
        (
            string("recipient", person),
            number("amount", whole(10, 500)),
            string("currency", words_for(CURRENCIES), "ISO code", default="EUR"),
        ),
        asks=(
            "[Send {amount}] {currency} to {recipient}.",
            "[Transfer {amount}] to {recipient}.",
            "I want to [pay {recipient}] {amount} {currency}.",
        ),
        missing=Missing("[Send money] to {recipient}.", "How much do you want to send?"),
        pairs=("[Transfer {amount} {currency}] to {recipient1} and the same to {recipient2}.",),
    ),
    Tool(
        "split_bill",
        "money",
        "split a bill between several people",
        (
            number("total", whole(30, 300)),
            integer("people", whole(3, 9)),
            number("tip_percent", whole(5, 20, 5), default=0),
        ),
        asks=(
            "[Split a bill] of {total} between {people} people.",
            "There are {people} of us and the bill is {total}; [what does each pay] with a {tip_percent}% tip?",
            "[Divide {total} between {people}] friends and add a tip of {tip_percent} percent.",
        ),
        missing=Missing("[Split the bill] of {total} between us.", "Between how many people?"),
    ),
)

HELDOUT = (
    Tool(
        "savings_growth",
        "money",
        "calculate how savings grow with interest",
        (
            number("deposit", whole(500, 20000, 100)),
            number("annual_rate", decimal(1, 6), "Percent"),
            integer("months", either(with_unit(whole(6, 30), "months"), scaled(2, 9, "years", 12, "months"))),
        ),
        asks=(
            "[What will {deposit} grow to] at {annual_rate}% in {months}?",
            "Work out [what my savings of {deposit} will be] after {months} at {annual_rate} percent.",
        ),
        missing=Missing("[What will {deposit} grow to] at {annual_rate} percent?", "For how long will you save?"),
        pairs=("[What will {deposit} grow to] at {annual_rate}% in {months1} and in {months2}?",),
    ),
    Tool(
        "invoice.create",
        "money",
        "write an invoice for a client",
        (
            string("client", pick("Baker & Sons", "Studio Lark", "Delta Foods", "Green Roofs", "Hotel Astoria")),
            number("net_sum", whole(80, 4000, 20)),
            string("due", DATE, "YYYY-MM-DD", optional=True),
        ),
        asks=(
            "[Write an invoice] for {client} over {net_sum}.",
            "[Bill {client}] {net_sum}, due on {due}.",
        ),
        missing=Missing("[Write an invoice] for {client}.", "What is the sum of the invoice?"),
    ),
)
