"""Calls the emulator with a client that openapi-generator has made, in its own environment."""

from __future__ import annotations

import json
import sys
import time

import other
from other.api.communications_calls_api import CommunicationsCallsApi
from other.api.communications_online_meetings_api import CommunicationsOnlineMeetingsApi
from other.models import (
    Call,
    CommunicationsCallsAnswerRequest,
    CommunicationsCallsPlayPromptRequest,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    MediaInfo,
    MediaPrompt,
    Modality,
    ServiceHostedMediaConfig,
)

url, token, callee, callback, prompt = sys.argv[1:]
client = other.ApiClient(other.Configuration(host=f"{url}/v1.0", access_token=token))
calls, meetings = CommunicationsCallsApi(client), CommunicationsOnlineMeetingsApi(client)

media = ServiceHostedMediaConfig(odata_type="#microsoft.graph.serviceHostedMediaConfig")
print("ready", flush=True)
ringing = input()
answered = calls.communications_calls_answer_with_http_info(
    ringing,
    CommunicationsCallsAnswerRequest(
        callback_uri=callback, media_config=media, accepted_modalities=[Modality.AUDIO]
    ),
)

person = IdentitySet(user=Identity(id=callee))
call = calls.communications_calls_create(
    Call(
        callback_uri=callback,
        targets=[InvitationParticipantInfo(identity=person)],
        requested_modalities=[Modality.AUDIO],
        media_config=media,
    )
)
while True:
    found = calls.communications_calls_get(call.id)
    if found.state == "established" and found.media_state:
        break
    time.sleep(0.05)

media_prompt = MediaPrompt(
    odata_type="#microsoft.graph.mediaPrompt",
    media_info=MediaInfo(uri=prompt, resource_id="welcome"),
)
played = calls.communications_calls_play_prompt(
    call.id, CommunicationsCallsPlayPromptRequest(prompts=[media_prompt], client_context="played")
)

page = meetings.communications_online_meetings_get_all_recordings(
    "eve", "2026-01-01T09:00:00Z", "2026-01-02T09:00:00+01:00", top=5
)
whole = meetings.communications_online_meetings_get_all_recordings_required_only()

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
