"""Secrets of many vendors and programs, as their files, logs and addresses hold them. See `canaries`."""

from __future__ import annotations

import base64
import json
import random
import string
import textwrap

from canaries import Canary, _pieces, _word, compact_jwt

_STANDARD = string.ascii_letters + string.digits + "+/"


def _hex(seed: str, length: int) -> str:
    return "".join(random.Random(seed).choices("0123456789abcdef", k=length))


def _base64(seed: str, length: int, tail: str = "==") -> str:
    return _word(seed, length, _STANDARD) + tail


def _rows() -> list[tuple[str, str]]:
    return [
        ("GITHUB_TOKEN=@@", "github" + "_pat_11" + _word("gf", 80)),
        ("//registry.npmjs.org/:_authToken=@@", "np" + "m_" + _word("np", 36)),
        ("password = @@", "py" + "pi-AgEIcHlwaS5vcmc" + _word("py", 100)),
        ("X-Vault-Token: @@", "hv" + "s." + _word("hv", 24)),
        ("VAULT_TOKEN=@@", "s." + _word("vo", 24)),
        ("DATABRICKS_TOKEN: @@", "dap" + "i" + _hex("db", 32)),
        ("got @@", "dap" + "i" + _hex("db2", 32) + "-2"),
        ("TWILIO_AUTH_TOKEN=@@", _hex("tw", 32)),
        ("@@", "S" + "G." + _word("sg", 22) + "." + _word("sg2", 43)),
        ("AccountKey=@@", _base64("az", 86)),
        ("client secret @@ expired", "aZ9" + "8Q~" + _word("acs", 34)),
        (
            "https://x.blob.core.windows.net/c/f?sv=2022-11-02&ss=b&srt=co&sp=rl&se=2026-11-30T00:00:00Z&sig=@@%3D",
            _word("sas", 43),
        ),
        ("SharedAccessSignature sr=x&sig=@@%3d&se=1700000000&skn=RootManageSharedAccessKey", _word("sb", 43)),
        (
            "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=@@",
            _base64("sbc", 43, "="),
        ),
        ("https://maps.googleapis.com/maps/api/js?key=@@&v=3", "AI" + "zaSy" + _word("gk", 33)),
        ("refresh_token=@@&grant_type=refresh_token", "1/" + "/0g" + _word("or", 90)),
        ('{"refresh_token": "@@"}', "1/" + "/0g" + _word("or2", 90)),
        ("cookie: _ga=GA1.2; session_id=@@; theme=dark", _word("ck", 40)),
        ('{"headers": {"set-cookie": ["sid=@@; Path=/; HttpOnly"]}}', _word("ck2", 40)),
        ("sessionid=@@", _word("dj", 32).lower()),
        ("AWSALB=@@; x", "aZ9" + _word("alb", 100, _STANDARD)),
        (
            (
                "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261122%2Fus-east-1%2Fs3%2Faws4_request"
                "&X-Amz-Date=20261122T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=@@"
            ),
            _hex("ps", 64),
        ),
        (
            (
                "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/us-east-1/sts/aws4_request, "
                "SignedHeaders=host;x-amz-date, Signature=@@"
            ),
            _hex("s4", 64),
        ),
        ("git clone https://bob:@@@github.com/a/b.git", _word("bu", 20)),
        ("db.example.com:5432:*:app:@@", _word("pgp", 20)),
        ("*:*:*:app:@@", _word("pgp2", 20)),
        ("[client]\nuser=root\npassword=@@", _word("mc", 20)),
        ('[client]\nuser=root\npassword="@@"', _word("mcq", 20)),
        (
            '{"auths": {"https://index.docker.io/v1/": {"auth": "@@"}}}',
            base64.b64encode(b"bob:" + _word("dc", 20).encode()).decode(),
        ),
        ('{"auths": {"x.azurecr.io": {"auth": "", "identitytoken": "@@"}}}', _word("di", 100)),
        ("users:\n- name: a\n  user:\n    token: @@", _word("kt", 60)),
        ("    client-key-data: @@", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt" + _word("ckd", 200)),
        ('{"kind":"ExecCredential","status":{"token":"@@"}}', "k8s-aws-v1." + _word("ke", 200)),
        (
            '{"resources":[{"type":"aws_iam_access_key","instances":[{"attributes":{"id":"AKIAIOSFODNN7EXAMPLE","secret":"@@"}}]}]}',
            _word("tf", 40),
        ),
        ('{"type":"random_password","instances":[{"attributes":{"length":24,"result":"@@"}}]}', _word("tfr", 24)),
        ('"ses_smtp_password_v4": "@@"', _base64("tfs", 43, "=")),
        ('Outputs:\n\ndb_password = "@@"', _word("tfo", 18)),
        ("https://discord.com/api/webhooks/123456789012345678/@@", _word("dis", 68)),
        ("https://discordapp.com/api/v10/webhooks/123456789012345678/@@", _word("dis2", 68)),
        (
            "https://acme.webhook.office.com/webhookb2/11111111-2222-3333-4444-555555555555@11111111-2222-3333-4444-555555555555/IncomingWebhook/@@/11111111-2222-3333-4444-555555555555",
            _hex("tm", 32),
        ),
        (
            "https://prod-1.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers&sv=1.0&sig=@@",
            _word("la", 43),
        ),
        ("https://hooks.zapier.com/hooks/catch/1234567/@@/", _word("za", 12)),
        ("https://api.telegram.org/bot123456789:@@/sendMessage", "AA" + _word("tg", 33)),
        ("bot 1234567890:@@ failed", "AA" + _word("tg2", 33)),
        ("SALT=@@", _word("salt", 32)),
        ("password_salt: @@", _word("salt2", 32)),
        ("Authorization: Digest username=bob, realm=x, nonce=abc, uri=/, response=@@, qop=auth", _hex("dg", 32)),
        ("digest username=bob, response=@@", _hex("dg2", 32)),
        ("HEROKU_API_KEY=@@", "7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        ("DD_API_KEY: @@", _hex("dd", 32)),
        ("DD_APP_KEY=@@", _hex("dda", 40)),
        ("NEW_RELIC_LICENSE_KEY=@@", _hex("nr", 36) + "NRAL"),
        ("key @@", "NRA" + "K-" + _word("nrk", 27).upper()),
        ("SENTRY_DSN=https://@@@o1.ingest.sentry.io/2", _hex("sd", 32)),
        ("Bearer @@", "gls" + "a_" + _word("gr", 32) + "_abcdef12"),
        ("using @@ now", "gls" + "a_" + _word("gr", 32) + "_abcdef12"),
        ("PULUMI_ACCESS_TOKEN=@@", "pu" + "l-" + _hex("pu", 40)),
        ("found @@ in", "pu" + "l-" + _hex("pu", 40)),
        ("x @@", "sk" + "-ant-api03-" + _word("an", 90)),
        ("x @@", "r8" + "_" + _word("re", 37)),
        ("x @@", _hex("mch", 32) + "-us12"),
        ("x @@", "sq0" + "atp-" + _word("sq", 22)),
        ("x @@", "whs" + "ec_" + _word("wh", 32)),
        ("x @@", "sl" + ".B" + _word("dbx", 130)),
        ("x @@", "fig" + "d_" + _word("fg", 40)),
        ("x @@", "PMA" + "K-" + _hex("pm", 24) + "-" + _hex("pm2", 34)),
        ("x @@", "dp.p" + "t." + _word("dop", 43)),
        ("x @@", "lin_api" + "_" + _word("li", 40)),
        ("x @@", "secre" + "t_" + _word("no", 43)),
        ("x @@", "nt" + "n_" + _word("no2", 43)),
        ("x @@", "pat" + _word("at", 14) + "." + _hex("at", 64)),
        ("x @@", "AKC" + "p" + _word("jf", 69)),
        ("x @@", "cmV" + "mdGtu" + _word("jfr", 56)),
        ("FLY_API_TOKEN=FlyV1 @@", "fm" + "2_" + _word("fly", 100)),
        ("AZURE_DEVOPS_EXT_PAT=@@", _word("ado", 52).lower()),
        (
            "AZURE_STORAGE_CONNECTION_STRING=DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@;EndpointSuffix=core.windows.net",
            _base64("azc", 86),
        ),
        ("redis://:@@@cache:6379/0", _word("ru", 20)),
        ("mongodb+srv://u:@@@c.mongodb.net/x", _word("mo", 20)),
        ("amqps://u:@@@mq:5671", _word("am", 20)),
        ("jdbc:postgresql://h/db?user=u&password=@@", _word("jd", 20)),
        ("Server=h;Database=d;Uid=u;Pwd=@@;", _word("od", 20)),
        ("machine h\nlogin u\npassword @@", _word("ne", 20)),
        ("X-CSRF-Token: @@", _word("cs", 40)),
        ('<meta name="csrf-token" content="@@">', _word("csh", 40)),
        ("SAMLResponse=@@", _word("saml", 400, _STANDARD)),
        ("code=@@&state=x", "4/0A" + _word("code", 60)),
        ("device_code=@@", _word("devc", 40)),
        ("code_verifier=@@", _word("cv", 64)),
        ("client_assertion=@@", compact_jwt("assertion")),
        ('{"subject_token":"@@"}', "opaque-" + _word("st", 60)),
        ("WebIdentityToken=@@&Version=2011-06-15", _word("wi", 60)),
        ('{"accessToken": "@@", "expiresAt": "2026"}', _word("sso", 60)),
        ("docker login -u AWS -p @@ 111122223333.dkr.ecr.us-east-1.amazonaws.com", _word("ecr", 100)),
        ('{"authorizationToken": "@@"}', base64.b64encode(b"AWS:" + _word("ecr2", 60).encode()).decode()),
        ("PrivateKey = @@", _base64("wg", 43, "=")),
        ("PresharedKey = @@", _base64("wgp", 43, "=")),
        ("bob:$apr1$aB3dE6gH$@@", _word("ht", 22)),
        ("root:$6$aB3dE6gH$@@:19000:0", _word("sh", 86)),
        ("SECRET_KEY_BASE=@@", _hex("rk", 128)),
        ("APP_KEY=base64:@@", _base64("lv", 43, "=")),
        ("SECRET_KEY='@@'", _hex("fl", 48)),
        ("FERNET_KEY=@@", _base64("fe", 43, "=")),
        ("JWT_SECRET=@@", _word("js", 32)),
        ("HUGGING_FACE_HUB_TOKEN=@@", "h" + "f_" + _word("hub", 34)),
        ("BASETEN_API_KEY=@@", "aB3dE6gH." + _word("bt", 32)),
        ("CIRCLE_TOKEN=@@", _hex("ci", 40)),
        ("x @@", "CCIPA" + "T_" + _word("cp", 22) + "_" + _hex("cp", 40)),
        ("x @@", "bku" + "a_" + _hex("bk", 40)),
        ("x @@", _word("tfc", 14) + ".atlasv1." + _word("tfc2", 67)),
        ("x @@", "rubygem" + "s_" + _hex("rg", 48)),
        ("CLOUDFLARE_API_TOKEN=@@", _word("cf", 40)),
        ('token = "@@"', "ci" + "o" + _word("ca", 32)),
        ("x @@", "tske" + "y-auth-" + _word("ts", 17) + "-" + _word("ts2", 32)),
        ("Authorization: SSWS @@", "00" + _word("ok", 40)),
        ("@@", "AGE-SECRET" + "-KEY-1" + _word("age", 58).upper()),
    ]


def vendor_canaries() -> list[Canary]:
    """All kinds."""
    made = []
    for number, (form, secret) in enumerate(_rows()):
        made.append(Canary(f"{number} {form[:40]}", form.replace("@@", secret), _pieces(secret)))
    return [*made, *_web_keys(), *_private_keys(), *_words(), *_tokens()]


def _web_keys() -> list[Canary]:
    made = []
    for member in ("d", "p", "q", "dp", "dq", "qi", "k"):
        for number, form in enumerate(
            ("{{'kty': 'RSA', 'n': 'AQAB', '{}': '{}'}}", "kty: RSA\nn: AQAB\n{}: {}\nuse: sig", "- {}: {}\n  kty: RSA")
        ):
            secret = _word(f"{member}{number}", 43)
            made.append(Canary(f"JWK {member} {number}", form.format(member, secret), _pieces(secret)))
    return made


def _private_keys() -> list[Canary]:
    """Keys in lines, the last of which is short, and a key file with escaped line breaks."""
    made = []
    full, last = [_word(f"line{number}", 64, _STANDARD) for number in range(2)], "Zt7K" + "qaB"
    pieces = (full[0][:20], full[1][:20], last)
    putty = ["Public-Lines: 1", "AAAAB3NzaC1yc2EAAAABJQAAAQEA", "Private-Lines: 3", *full, last]
    for name, lines in {"PEM": ["-----BEGIN " + "EC PRIVATE KEY-----", *full, last], "PuTTY": putty}.items():
        for form in (
            "{}",
            "2026-11-22 10:00:00 INFO app: {}",
            '{{"log":"{}\\n","stream":"stdout","time":"2026-11-22T10:00:00Z"}}',
            "[pod/a/b] {}",
            "app-1  | {}",
        ):
            text = "\n".join(map(form.format, lines))
            made += [Canary(f"{name} in lines {form}", text, pieces)]
    body = [_word(f"account{number}", 64, _STANDARD) for number in range(5)]
    key = "\n".join(["-----BEGIN " + "PRIVATE KEY-----", *body, "-----END " + "PRIVATE KEY-----", ""])
    text = json.dumps({"type": "service_account", "private_key_id": _hex("id", 40), "private_key": key})
    for kind, written in {
        "file": text,
        "file in a text": json.dumps(text),
        "variable": f"CREDENTIALS='{text}'",
    }.items():
        made.append(Canary(f"account key {kind}", written, tuple(line[:20] for line in body)))
    return made


def _words() -> list[Canary]:
    words = "abandon ability able about above absent absorb abstract absurd abuse access zoo"
    forms = ("mnemonic={}", 'MNEMONIC="{}"', "seed phrase: {}", '"recovery_phrase": "{}"')
    made = [Canary(f"words {form}", form.format(words), ("ability able", "abuse access zoo")) for form in forms]
    digits = "48" + "2913"
    told = ("OTP is {}", "--token-code {}", '{{"TokenCode": "{}"}}', "mfa_code={}")
    return made + [Canary(f"digits {form}", form.format(digits), (digits,)) for form in told]


def _tokens() -> list[Canary]:
    token = compact_jwt("of vendors")
    signature = token.rpartition(".")[2]
    pieces = (signature[:14], signature[150:164], signature[-14:])
    encoded = base64.b64encode(token.encode()).decode()
    return [
        Canary(
            "JWT of glog",
            "\n".join(f"I1122 10:00:00.1 1 main.go:12] {line}" for line in textwrap.wrap(token, 76)),
            pieces,
        ),
        Canary("JWT in base64, wrapped", "\n".join(textwrap.wrap(encoded, 76)), (encoded[-40:-20],)),
        Canary("JWT in an address", f"https://x/cb?id_token={token.replace('.', '%2E')}&state=1", pieces),
    ]
