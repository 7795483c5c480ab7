"""Keys and tokens that services issue in a form of their own: prefix, alphabet, length.

Does not hold forms that others use as well (32 hexadecimal digits): those are secrets by the name in front of them.
"""

from __future__ import annotations

from typing import Final

#: Service -> regular expressions, each for a whole key. Their first character stands for itself: most places in a text can be
#: passed by it. A key begins where no letter or digit stands before it.
KEY_FORMATS: Final[dict[str, tuple[str, ...]]] = {
    "1Password": (r"ops_eyJ[A-Za-z0-9+/=_-]{50,}+", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{5,11}-?){4,5}"),
    "Adafruit": (r"aio_[A-Za-z0-9]{28}",),
    "Adobe": (r"p8e-[A-Za-z0-9]{32}",),
    "Airtable": (r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",),
    "Alibaba Cloud": (r"LTAI[A-Za-z0-9]{12,30}",),
    "Anthropic": (r"sk-ant-[A-Za-z0-9_-]{20,}+",),
    "Artifactory": (r"AKCp[A-Za-z0-9]{10,}+", r"cmVmdGtuO[A-Za-z0-9=]{20,}+"),
    "Atlassian": (r"ATATT3[A-Za-z0-9_=-]{20,}+", r"ATCTT3[A-Za-z0-9_=-]{20,}+", r"ATBB[A-Za-z0-9]{24,}+"),
    "AWS": (
        r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
        r"ABSK[A-Za-z0-9+/]{80,}+={0,2}",
        r"bedrock-api-key-[A-Za-z0-9+/=]{20,}+",
        r"FwoGZXIvYXdz[A-Za-z0-9+/=]{40,}+",
        r"IQoJb3JpZ2lu[A-Za-z0-9+/=]{40,}+",
    ),
    "Azure": (
        r"AccountKey=[A-Za-z0-9+/]{40,}+={0,2}",
        r"SharedAccessKey=[A-Za-z0-9+/]{40,}+={0,2}",
        r"sig=[A-Za-z0-9%+/]{40,}+=?",
    ),
    "Brevo": (r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}", r"xsmtpsib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    "Buildkite": (r"bkua_[0-9a-f]{40}",),
    "CircleCI": (r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{20,24}_[0-9a-f]{40}",),
    "Clojars": (r"CLOJARS_[0-9a-z]{60}",),
    "Cloudflare": (r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}", r"cf(?:ut|at|k)_[A-Za-z0-9]{40,}+"),
    "Cloudinary": (r"cloudinary://[0-9]{10,}:[A-Za-z0-9_-]{20,}+",),
    "Contentful": (r"CFPAT-[A-Za-z0-9_-]{43}",),
    "crates.io": (r"cio[A-Za-z0-9]{32}(?![A-Za-z0-9])",),
    "Databricks": (r"dapi[0-9a-f]{32}(?:-[0-9])?", r"dose[0-9a-f]{32}", r"dkea[0-9a-f]{32}"),
    "Datadog": (r"ddapp_[A-Za-z0-9]{20,}+", r"pub[0-9a-f]{32}(?![A-Za-z0-9])"),
    "DigitalOcean": (r"do[opr]_v1_[0-9a-f]{64}",),
    "Discord": (
        r"M[A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",
        r"N[A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",
        r"O[A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{15,20}/[A-Za-z0-9_-]{60,}+",
    ),
    "Docker": (r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}+", r"SWMTKN-1-[A-Za-z0-9-]{60,}+"),
    "Doppler": (r"dp\.(?:pt|st|ct|sa|scim|audit|said)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",),
    "Dropbox": (r"sl\.(?:u\.)?[A-Za-z0-9_-]{100,}+",),
    "Duffel": (r"duffel_(?:test|live)_[A-Za-z0-9_-]{43}",),
    "Dynatrace": (r"dt0[a-z][0-9]{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}",),
    "EasyPost": (r"EZ[AT]K[A-Za-z0-9]{54}",),
    "Facebook": (r"EAA[A-Za-z0-9]{60,}+",),
    "Fastly": (r"fastly-[A-Za-z0-9_-]{32}",),
    "Figma": (r"fig[dour]h?_[A-Za-z0-9_-]{40,}+",),
    "Flutterwave": (r"FLW(?:SEC|PUB)K(?:_TEST)?-[0-9a-zA-Z]{12,32}(?:-X)?",),
    "Fly.io": (r"fo1_[A-Za-z0-9_-]{43}", r"fm[12][ar]?_[A-Za-z0-9+/=_-]{60,}+"),
    "Frame.io": (r"fio-u-[A-Za-z0-9_=-]{64}",),
    "GitHub": (r"gh[opsur]_[A-Za-z0-9_.-]{36,}+", r"github_pat_[A-Za-z0-9_]{50,}+"),
    "GitLab": (
        r"gl(?:pat|dt|ptt|ft|imt|agent|oas|soat|cbt|rt|rtr|ffct|wt)-[A-Za-z0-9_.=-]{20,}+",
        r"GR1348941[A-Za-z0-9_-]{20}",
        r"_gitlab_session=[0-9a-f]{32}",
    ),
    "Google": (
        r"AIza[A-Za-z0-9_-]{35}",
        r"ya29\.[A-Za-z0-9_-]{20,}+",
        r"GOCSPX-[A-Za-z0-9_-]{28}",
        r"1//0[A-Za-z0-9_-]{40,}+",
        r"GOOG[0-9A-Z]{20,58}(?![A-Za-z0-9])",
        r"AQ\.Ab8RN6[A-Za-z0-9_-]{30,}+",
    ),
    "Grafana": (r"glc_[A-Za-z0-9+/=]{32,}+", r"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}"),
    "Groq": (r"gsk_[A-Za-z0-9]{48,}+",),
    "HashiCorp": (
        r"hv[sbr]\.[A-Za-z0-9_-]{24,}+",
        r"s\.[A-Za-z0-9]{24}(?![A-Za-z0-9.])",
    ),
    "Heroku": (r"HRKU-[A-Za-z0-9_-]{36,}+",),
    "HubSpot": (r"pat-(?:na|eu)[0-9]-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",),
    "Hugging Face": (r"hf_[A-Za-z0-9]{30,}+", r"api_org_[A-Za-z0-9]{34}"),
    "Infracost": (r"ico-[A-Za-z0-9]{32}",),
    "Intra42": (r"s-s4t2(?:ud|af)-[0-9a-f]{64}",),
    "LaunchDarkly": (r"api-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"sdk-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"mob-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",),
    "Linear": (r"lin_(?:api|oauth)_[A-Za-z0-9]{40,}+",),
    "Mailgun": (r"key-[0-9a-f]{32}", r"pubkey-[0-9a-f]{32}",),
    "Mapbox": (r"sk\.eyJ[A-Za-z0-9_-]{40,}+\.[A-Za-z0-9_-]{20,}+", r"tk\.eyJ[A-Za-z0-9_-]{40,}+\.[A-Za-z0-9_-]{20,}+",),
    "MongoDB": (r"mdb_sa_sk_[A-Za-z0-9_-]{30,}+",),
    "Netlify": (r"nf[pcoub]_[A-Za-z0-9]{36}",),
    "New Relic": (r"NR(?:AK|II|AA|RA|BR|SP|JS)-[A-Za-z0-9_-]{19,}+",),
    "Notion": (r"ntn_[A-Za-z0-9]{40,}+", r"secret_[A-Za-z0-9]{43}(?![A-Za-z0-9])"),
    "npm": (r"npm_[A-Za-z0-9]{36}",),
    "NuGet": (r"oy2[a-z0-9]{43}(?![A-Za-z0-9])",),
    "NVIDIA": (r"nvapi-[A-Za-z0-9_-]{60,}+",),
    "Octopus Deploy": (r"API-[A-Z0-9]{25,32}(?![A-Za-z0-9])",),
    "Okta": (r"SSWS[ ]00[A-Za-z0-9_-]{40}",),
    "OpenAI": (r"sk-[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,}+", r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}+", r"sk-[A-Za-z0-9]{40,}+"),
    "OpenRouter": (r"sk-or-v1-[0-9a-f]{64}",),
    "OpenShift": (r"sha256~[A-Za-z0-9_-]{43}",),
    "PagerDuty": (r"u\+[A-Za-z0-9_+-]{18}(?![A-Za-z0-9])",),
    "Perplexity": (r"pplx-[A-Za-z0-9]{48}",),
    "PlanetScale": (r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,}+",),
    "Postman": (r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",),
    "Prefect": (r"pn[ub]_[A-Za-z0-9]{36}",),
    "Pulumi": (r"pul-[0-9a-f]{40}",),
    "PyPI": (r"pypi-AgE[A-Za-z0-9_-]{50,}+",),
    "Rails": (r"_rails_session=[A-Za-z0-9%=-]{32,}+",),
    "ReadMe": (r"rdme_[a-z0-9]{70}",),
    "Replicate": (r"r8_[A-Za-z0-9]{37}",),
    "RubyGems": (r"rubygems_[0-9a-f]{48}",),
    "Sendbird": (r"sendbird-[A-Za-z0-9]{32,}+",),
    "SendGrid": (r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",),
    "Sentry": (r"sntry[su]_[A-Za-z0-9+/=_-]{40,}+",),
    "Shippo": (r"shippo_(?:live|test)_[0-9a-f]{40}",),
    "Shopify": (r"shp(?:at|ca|pa|ss|ua|tka|rt)_[0-9a-fA-F]{32}",),
    "Slack": (
        r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}+",
        r"xapp-[0-9]-[A-Za-z0-9-]{20,}+",
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/_-]{20,}+",
    ),
    "Square": (r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,50}", r"EAAA[A-Za-z0-9_-]{60}"),
    "Stripe": (r"sk_(?:live|test|prod)_[A-Za-z0-9]{10,}+", r"rk_(?:live|test|prod)_[A-Za-z0-9]{10,}+", r"whsec_[A-Za-z0-9+/=]{24,}+"),
    "Supabase": (r"sbp_(?:oauth_|v0_)?[0-9a-f]{40}", r"sb_secret_[A-Za-z0-9_-]{20,}+"),
    "Tailscale": (r"tskey-[a-z]{3,9}-[A-Za-z0-9]{6,}-[A-Za-z0-9]{16,}+",),
    "Twilio": (r"SK[0-9a-f]{32}(?![A-Za-z0-9])",),
    "Twitch": (r"oauth:[a-z0-9]{30}(?![A-Za-z0-9])",),
    "Twitter": (r"AAAAAAAAAAAAAAAAAAAAA[A-Za-z0-9%]{30,}+",),
    "Typeform": (r"tfp_[A-Za-z0-9_.=-]{40,}+",),
    "Vercel": (r"vc[pkair]_[A-Za-z0-9]{24,}+",),
    "xAI": (r"xai-[A-Za-z0-9]{70,}+",),
    "Yandex": (r"AQVN[A-Za-z0-9_-]{35,38}", r"y[0-3]_[A-Za-z0-9_-]{40,}+", r"t1\.[A-Z0-9a-z_-]+[=]{0,2}\.[A-Z0-9a-z_-]{86}[=]{0,2}"),
    "Zoho": (r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}",),
    # not of one service
    "PASETO": (r"v[1-4]\.(?:local|public)\.[A-Za-z0-9_-]{32,}+(?:\.[A-Za-z0-9_-]++)?",),
    "WordPress or Unix password hash": (r"\$(?:2[abxy]|5|6|y|argon2(?:id|i|d)|scrypt|pbkdf2-sha(?:1|256|512))\$[A-Za-z0-9./$=,+-]{20,}+",),
}  # fmt: skip

#: The same for keys that begin as anything may: what is inside them -> regular expression.
MARKED_KEY_FORMATS: Final = {
    "Q~": r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",  # Azure, client secret
    "JQQJ99": r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}",  # Azure, AI services
    "webhook.office.com": r"[a-z0-9-]{1,63}\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]{60,}+",  # Microsoft Teams
    ".atlasv1.": r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}+",  # HashiCorp, HCP Terraform
    "-us": r"[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])",  # Mailchimp
    "-": r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![A-Za-z0-9-])",  # Mailgun
    ":AA": r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",  # Telegram
    "|": r"[0-9]{15,16}\|[A-Za-z0-9_-]{27}",  # Facebook, access token of an application
}
