"""The Microsoft clouds which host Graph."""

from __future__ import annotations

from enum import Enum

from .spelling import nearest


class Cloud(Enum):
    """A national cloud deployment: where Graph is and who issues its tokens.

    Source: Microsoft Graph documentation, "National cloud deployments",
    https://learn.microsoft.com/graph/deployments
    """

    GLOBAL = ("global", "graph.microsoft.com", "login.microsoftonline.com")
    US_GOV_L4 = ("US Gov L4", "graph.microsoft.us", "login.microsoftonline.us")
    US_GOV_L5 = ("US Gov L5 (DoD)", "dod-graph.microsoft.us", "login.microsoftonline.us")
    CHINA = ("China", "microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn")

    def __init__(self, label: str, host: str, login_host: str) -> None:
        self.label = label
        self.host = host
        self.authority = f"https://{login_host}"
        self.base_url = f"https://{host}/v1.0"
        self.scope = f"https://{host}/.default"

    def __str__(self) -> str:
        return self.label


def check_cloud(cloud: object) -> None:
    """Raise TypeError, with what to write, for anything but a cloud or None."""
    if cloud is None or isinstance(cloud, Cloud):
        return
    members = {str(one): f"Cloud.{one.name}" for one in Cloud}
    members |= {one.name: f"Cloud.{one.name}" for one in Cloud}
    found = nearest(cloud, members) if isinstance(cloud, str) else None
    hint = f"; did you mean {members[found]}?" if found else ""
    wanted = ", ".join(f"Cloud.{one.name}" for one in Cloud)
    raise TypeError(f"cloud must be one of {wanted}, not {type(cloud).__name__}{hint}")
