"""Words of English and of the domain that a redacted sentence keeps; all words that are not here become pseudonyms.

An allow list, not a deny list: nobody knows the names of all people, companies, hosts and buckets.
"""

from __future__ import annotations

import re
from functools import cache

from oidc_doctor.capture import vocabulary

_ENGLISH = """
    a about above across after again against all allow allowed allows almost alone along already also although
    always among an and another any anybody anyone anything anyway are as ask asked at away back be became because
    become been before began begin behind being below beside besides best better between beyond both bring brought
    but by came can cannot come comes coming complete completed completely contain contained containing contains
    continue could day days did different do does doing done down due during each earlier early either else empty
    end ended ends enough entire even ever every everything exactly except expect expected expecting expects few
    find first follow followed following follows for found four from full further gave general get gets getting
    give given gives giving go goes going gone good got had half happen happened happening happens has have having
    he help hence her here him his hour hours how however i if immediately in indeed inside instead into is it its
    itself just keep keeps kept knew know known knows last late later latest least leave leaves led left less let
    like likely list listed little long longer look looking looks lost made mainly make makes making many match
    matched matches matching may maybe me mean means meanwhile might mine minute minutes missing month months more
    moreover most mostly much must my near nearly need needed needs neither never new newer newest next no nobody
    none nor not nothing now nowhere occur occurred occurs of off often old older on once one only onto open opened
    or other others otherwise our out outside over own part partially past per perhaps please possible possibly
    previous previously probably put rather read reading ready really recent recently right said same saw say
    saying says second seconds see seem seems seen several shall she should show showed shown shows similar simply
    since small so some somebody someone something sometimes soon still stop stopped stops such sure take taken
    takes taking tell than that the their them then there therefore these they thing things think this those though
    three through throughout thus till time times to today together tomorrow too took toward tried tries try trying
    turn turned two under unless unlike until up upon us use used useful uses using usual usually very via was way
    we week weeks well went were what whatever when whenever where whereas wherever whether which while who whole
    whom whose why will with within without won work worked working works would year years yes yesterday yet you
    your zero didn don isn wasn couldn cannot doesn hasn haven wouldn shouldn aren weren ll ve re
"""
_DOMAIN = """
    abort aborted access accessed accessible account accounts action actions active added address admin alert alg
    anonymous apply applied application argument arguments assert asserted assertion assume assumed assumes
    assuming attach attached attempt attempted attempting attempts attribute attributes audience audiences audit
    audited auth authenticate authenticated authentication authority authorization authorize authorized authorizing
    automatic available aware backend backoff bad basic batch bearer begin bind binding bindings blocked body bool
    boundary branch bucket buckets bug build builder building builds byte bytes cache cached call called caller
    calling calls cancel cancelled canceled caused certificate certificates chain change changed changes channel
    character characters check checked checking checks claim claims client clients clock close closed cloud cluster
    code codes collect collected command commands commit condition conditions config configuration configurations
    configure configured configuring confirm conflict connect connected connecting connection connections console
    container containers content context copy corrupt count create created creates creating creation credential
    credentials cross current currently custom damaged data database date deadline debug decode decoded decrypt
    default defined delegated delegation delete deleted deletes denied denies deny dependency deploy deployed
    deploying deployment deployments deprecated detail details detected diagnostic directory disable disabled
    discovery disk display dns document documents domain download downloading duplicate duration email enable
    enabled encoded encoding encrypted endpoint endpoints enforce ensure entity entries entry environment
    environments equal error errors escape evaluate evaluated evaluation event events exceed exceeded exceeds
    exception exceptions exchange exchanged exchanging execute executed execution exist existing exists exit exited
    expiration expire expired expires expiry explicit explicitly export expression external fail failed failing
    fails failure failures false fatal federated federation fetch fetched fetching field fields file files filter
    fingerprint firewall fix flag folder forbidden form format forward found fresh function gateway generate
    generated grant granted grants group groups guide handle handler handshake hash header headers health healthy
    history host hostname http https id identifier identities identity ids ignore ignored image images impersonate
    impersonated impersonating impersonation implicit implicitly import include included includes incoming
    incomplete incorrect index info information initial initialize input insert inspect install installed instance
    instances internal internet invalid invoke invoked issue issued issuer issuers issues item items job jobs join
    json key keys label language large layer length level library lifetime limit limited limits line lines link
    load loaded loading local location lock log logged logging logs lookup login malformed manage managed
    management manifest manual map mapped mapping maximum member members memory merge message messages metadata
    method minimum mirror missing mode model models modified module mount multiple name named names namespace
    namespaces native network node nodes note notice null number numbers object objects obtain obtained operation
    operations operator option optional options order organization organizations origin original output owner
    package page pair parameter parameters parent parse parsed parser partition password path pattern payload
    pending period permanent permission permissions permit permitted pipeline place platform plugin pod pods point
    policies policy pool pools port prefix prepare present presented prevent principal principals print private
    problem process processing profile project projects prompt properties property protected protocol provide
    provided provider providers proxy public publish published pull push queries query queue quota range rate raw
    reach reached reason receive received record records redirect refer reference refresh refreshed regional gce
    dynamodb refuse refused region regions register registered registration registry reject rejected rejection
    related release remote remove removed replace reply report repository request requested requests require
    required requires reset resolve resolved resource resources respond response responses restart restarted
    restrict restricted result results retried retries retry retrying return returned returning returns revision
    revoked role roles root rotate rotated rotation route rule rules run runner running runs runtime scale scan
    schema scope scopes script sdk section secret secrets secure security segment select send sending sent server
    servers service services session sessions set setting settings setup shared shell sign signature signatures
    signed signing size skip skipped snapshot source sources specified stack stage standard start started starting
    starts startup state statement statements status step steps storage store stored stream string subject subjects
    submit succeed succeeded success successful successfully suffix supplied support supported switch sync syntax
    system tag tags target targets task tasks team teams temporary tenant terminal terminated test tests text
    thread throttled throttling thumbprint thumbprints timed timeout timestamp tls token tokens total trace
    traceback traffic transfer trigger triggered true trust trusted truss type types unable unauthorized
    unauthenticated unavailable undefined unexpected unhandled union unique unknown unreachable unreadable
    unrecognized unsigned unspecified unsupported update updated upgrade upload uploading upstream uri url usage
    user username users valid validate validated validating validation value values variable variables verification
    verified verify verifying version versions view volume wait waited waiting warning warnings web weights
    wildcard window wire worker workers workflow workload workloads workspace write writer writing written wrong
    xml yaml zone
"""
_ALSO_NAMES = frozenset(
    [
        "will",
        "may",
        "mark",
        "grant",
        "case",
        "page",
        "field",
        "price",
        "long",
        "little",
        "young",
        "short",
        "white",
        "rich",
        "major",
        "bill",
        "hope",
        "rose",
        "grace",
        "may",
        "bond",
        "chase",
        "ford",
        "stone",
        "frank",
        "hunter",
        "carter",
        "mason",
        "baker",
        "cook",
        "day",
        "early",
        "good",
        "well",
        "wells",
        "back",
        "best",
        "new",
    ]
)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:;\n>*#(\[|•-]|\\n)[\s\"'(]*\Z")
_QUOTES = "\"'`\u2018\u2019“”«»"


@cache
def english() -> frozenset[str]:
    """Return the words of the language, in lower case."""
    return frozenset(_ENGLISH.split())


@cache
def domain() -> frozenset[str]:
    """Return the words of clouds, tokens and programs, in lower case."""
    return frozenset(_DOMAIN.split())


@cache
def known_parts() -> frozenset[str]:
    """Return, in lower case, the parts of all words that are kept: access and denied for AccessDenied."""
    words = vocabulary.everywhere() | vocabulary.in_sentences() | domain() | english()
    return frozenset(part.lower() for word in words for part in _PART.findall(word))


def is_made_of_known_parts(text: str) -> bool:
    """Return whether a name such as AccessDenied, NO_SUCH_ENTITY or iam.serviceAccounts.get has known parts only."""
    parts = _PART.findall(text)
    left = _PART.sub("", text)
    return (
        bool(parts)
        and not left.strip("._-:/@, ")
        and all(
            part.isdigit() or part.lower() in known_parts() or part.lower().removesuffix("s") in known_parts()
            for part in parts
        )
    )


def is_plain(word: str, start: int, end: int, text: str) -> bool:
    """Return whether a word in a sentence belongs to the language: not quoted, and not capitalised like a name."""
    low = word.lower()
    if low not in english() and low not in domain():
        return False
    if text[start - 1 : start] in tuple(_QUOTES) and text[end : end + 1] in tuple(_QUOTES):
        return False
    if word == low or (word.isupper() and len(word) > 1 and low not in _ALSO_NAMES):
        return True
    if not word[:1].isupper() or word[1:] != low[1:] or low in _ALSO_NAMES:
        return word == "I"
    return low in domain() or bool(_SENTENCE_START.search(text, max(start - 8, 0), start))
