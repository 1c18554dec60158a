"""Has this version of Inspect write logs: write.py DIRECTORY whole|crashed|json.

A scripted model calls `bash` in a local sandbox, once with arguments that make no sense, and hands
in its answer. In `crashed` the process is killed in its second sample.
"""

import inspect
import os
import signal
import sys

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.solver import generate, solver, system_message, use_tools
from inspect_ai.tool import ToolCall, bash

# The argument was renamed between the versions.
ARGUMENT = next(iter(inspect.signature(bash()).parameters))

LONG = "A long text that is kept once and referred to where it stands. " * 20


def said(text, *calls):
    content = [
        ContentReasoning(reasoning="I think first.", signature="signed"),
        ContentText(text=text),
    ]
    message = ChatMessageAssistant(
        content=content,
        tool_calls=[
            ToolCall(id=f"{text}-{number}", function=function, arguments=arguments)
            for number, (function, arguments) in enumerate(calls)
        ],
    )
    output = ModelOutput(model="mockllm/model", completion="")
    output.choices = ModelOutput.from_content("mockllm/model", "").choices
    output.choices[0].message = message
    output.usage = ModelUsage(
        input_tokens=100,
        output_tokens=10,
        total_tokens=150,
        input_tokens_cache_read=40,
        reasoning_tokens=4,
    )
    return output


def answers():
    return [
        said("one", ("bash", {ARGUMENT: "echo first; echo second"})),
        said("two", ("bash", {"nonsense": 7})),
        said("three"),
    ]


@scorer(metrics=[accuracy()])
def resisted():
    async def score(state, target):
        return Score(value="C", answer="yes", explanation=LONG)

    return score


@solver
def killed_in_the_second_sample():
    async def solve(state, generate):
        if state.sample_id == "second":
            os.kill(os.getpid(), signal.SIGKILL)
        return state

    return solve


def main(directory, kind):
    samples = [
        Sample(id=name, input=f"Work on the {name}. {LONG}", target="done")
        for name in ["first", "second"]
    ]
    steps = [system_message("You are tested."), use_tools(bash()), generate()]
    if kind == "crashed":
        steps.insert(0, killed_in_the_second_sample())
    eval(
        Task(dataset=samples, solver=steps, scorer=resisted(), sandbox="local", name="shutdown"),
        model=get_model("mockllm/model", custom_outputs=answers() * 2),
        log_dir=directory,
        log_format="json" if kind == "json" else "eval",
        log_buffer=1,
        max_samples=1,
        display="none",
    )


main(sys.argv[1], sys.argv[2])
