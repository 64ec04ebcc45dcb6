"""One good row and one good account, as the wire shows them."""

ROW = {
    "id": "8f6b6b78-6e97-73ba-a6de-4a732fcff09b",
    "accountId": "acc-1",
    "date": "2019-09-02",
    "creationDate": "0001-01-01T00:00:00",
    "text": "DSB Kastrup AUT",
    "originalText": "DSB Kastrup AUT    23228",
    "transactionAmount": {"value": -291.0, "currency": "DKK"},
    "amount": -291.0,
    "currency": "DKK",
    "balance": {"value": -3954.0, "currency": "DKK"},
    "state": "Booked",
    "type": "Card",
    "isDeleted": False,
    "detail": {
        "message": None,
        "executionDate": "2019-09-01",
        "valueDate": "2019-09-03T00:00:00",
        "currencyConversion": {
            "exchangeRate": 7.4601,
            "originalAmount": {"value": -39.0, "currency": "EUR"},
        },
        "identifiers": {
            "reference": "0130Y9C6LY212",
            "document": None,
            "endToEndId": "NOTPROVIDED",
            "norwegianKid": " 42 ",
        },
        "source": {
            "name": None,
            "account": {"card": {"maskedPan": "0524 XXXX XXXX 3413"}},
        },
        "destination": {"name": "DSB  Kastrup", "account": None},
    },
}
ACCOUNT = {
    "id": "MzViNjhk",
    "accountProvider": {"id": "DK_TestBank", "name": "Test Bank"},
    "name": "Erhvervskonto",
    "owner": "Eksempel ApS",
    "type": "Consumption",
    "currency": "DKK",
    "number": {
        "bbanType": "0001-245787654",
        "bban": "0001-245787654",
        "bbanParsed": {"bankCode": "0001", "accountNumber": "245787654"},
        "iban": None,
        "card": None,
    },
    "booked": {"value": 6439.15, "currency": "DKK"},
    "available": None,
    "bookedBalance": 6439.15,
    "lastSynchronized": "2019-09-02T08:52:16.5816944Z",
    "isOrphaned": False,
}
