"""Tells as JSON what this version of Inspect reads in a directory of logs."""

import json
import sys

from inspect_ai.log import list_eval_logs, read_eval_log

try:
    from inspect_ai.analysis import evals_df, messages_df, samples_df
except ImportError:
    from inspect_ai.analysis.beta import evals_df, messages_df, samples_df


def parts(message):
    """What a message says, and what its model reasoned before."""
    if isinstance(message.content, str):
        return message.content, []
    text = "".join(part.text for part in message.content if part.type == "text")
    reasoning = [part for part in message.content if part.type == "reasoning"]
    return text, [
        {
            "reasoning": part.reasoning,
            "signature": part.signature,
            "redacted": part.redacted,
        }
        for part in reasoning
    ]


def message(message):
    text, reasoning = parts(message)
    error = getattr(message, "error", None)
    calls = getattr(message, "tool_calls", None) or []
    return {
        "role": message.role,
        "text": text,
        "reasoning": reasoning,
        "calls": [[call.function, call.arguments] for call in calls],
        "error": error and [error.type, error.message],
    }


def event(event):
    told = {"event": event.event, "time": event.timestamp.isoformat()}
    if event.event == "span_begin":
        told["name"] = event.name
    if event.event == "model":
        told["input"] = len(event.input)
    if event.event == "sandbox":
        told["command"] = event.cmd
        told["status"] = event.result
    return told


def sample(sample):
    scores = sample.scores or {}
    verdict = scores.get("offswitch")
    return {
        "trial": sample.metadata["trial"],
        "uuid": sample.uuid,
        "epoch": sample.epoch,
        "scores": {name: score.value for name, score in scores.items()},
        "explanation": verdict and verdict.explanation,
        "tactics": verdict and verdict.metadata["tactics"],
        "error": sample.error and sample.error.message,
        "limit": sample.limit and sample.limit.type,
        "messages": [message(one) for one in sample.messages],
        "events": [event(one) for one in sample.events],
        "usage": {
            model: usage.model_dump(exclude_none=True)
            for model, usage in sample.model_usage.items()
        },
    }


def log(info):
    log = read_eval_log(info)
    return {
        "status": log.status,
        "task": log.eval.task,
        "condition": log.eval.task_args["condition"],
        "model": log.eval.model,
        "metrics": {
            score.name: {name: metric.value for name, metric in score.metrics.items()}
            for score in log.results.scores
        },
        "samples": [sample(one) for one in log.samples or []],
    }


def rows(frame):
    return json.loads(frame.to_json(orient="records", date_format="iso"))


directory = sys.argv[1]
told = {
    "logs": [log(info) for info in list_eval_logs(directory)],
    "evals": rows(evals_df(directory)),
    "samples": rows(samples_df(directory)),
    "messages": rows(messages_df(directory)),
}
json.dump(told, sys.stdout)
