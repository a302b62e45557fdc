"""Calls the emulator with a client that openapi-python-client has made, in its own environment.

It sends instances of the class of the declared type alone, from which those of derived types are not derived:
what a derived type has besides goes in as on the wire.
"""

from __future__ import annotations

import json
import sys
import time

from other.api.communications_calls import (
    communications_calls_answer as answer,
)
from other.api.communications_calls import (
    communications_calls_create as create,
)
from other.api.communications_calls import (
    communications_calls_get as get,
)
from other.api.communications_calls import (
    communications_calls_play_prompt as play_prompt,
)
from other.api.communications_online_meetings import (
    communications_online_meetings_get_all_recordings as recordings,
)
from other.api.communications_online_meetings import (
    communications_online_meetings_get_all_recordings_required_only as all_recordings,
)
from other.client import AuthenticatedClient
from other.models import (
    Call,
    CallState,
    CommunicationsCallsAnswerBody,
    CommunicationsCallsPlayPromptBody,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    MediaConfig,
    Modality,
    Prompt,
)

url, token, callee, callback, prompt = sys.argv[1:]
client = AuthenticatedClient(f"{url}/v1.0", token=token, raise_on_unexpected_status=True)

media = MediaConfig(odata_type="#microsoft.graph.serviceHostedMediaConfig")
print("ready", flush=True)
ringing = input()
answered = answer.sync_detailed(
    ringing,
    client=client,
    body=CommunicationsCallsAnswerBody(
        callback_uri=callback, media_config=media, accepted_modalities=[Modality.AUDIO]
    ),
)

person = IdentitySet(user=Identity(id=callee))
call = create.sync(
    client=client,
    body=Call(
        callback_uri=callback,
        targets=[InvitationParticipantInfo(identity=person)],
        requested_modalities=[Modality.AUDIO],
        media_config=media,
    ),
)
assert isinstance(call, Call), call
while True:
    found = get.sync(call.id, client=client)
    assert isinstance(found, Call), found
    if found.state == CallState.ESTABLISHED and found.media_state:
        break
    time.sleep(0.05)

media_prompt = Prompt(odata_type="#microsoft.graph.mediaPrompt")
media_prompt["mediaInfo"] = {"uri": prompt, "resourceId": "welcome"}
played = play_prompt.sync(
    call.id,
    client=client,
    body=CommunicationsCallsPlayPromptBody(prompts=[media_prompt], client_context="played"),
)

page = recordings.sync(
    "eve", "2026-01-01T09:00:00Z", "2026-01-02T09:00:00+01:00", client=client, top=5
)
whole = all_recordings.sync(client=client)

print(
    json.dumps(
        {
            "created": call.id,
            "state": call.state,
            "operation": [played.client_context, played.status],
            "answered": answered.status_code,
            "recordings": [one.id for one in page.value],
            "all": [one.id for one in whole.value],
        }
    )
)
