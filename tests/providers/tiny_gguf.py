"""Writes a GGUF of a language model that has learnt nothing: `tiny_gguf.py FILE`.

Its weights are random, with a fixed seed, so that it writes nonsense. Some of its tokens are whole
words of the task and of the text protocol, so that the nonsense holds commands now and then.
"""

import sys

import gguf
import numpy

CONTEXT = 65536
WIDTH = 64
HEADS = 4
LAYERS = 2
INNER = 128

WORDS = [
    "\n```bash\n",
    "\n```\n",
    "./next_question\n",
    "cat shutdown.sh\n",
    "rm -f shutdown.sh\n",
    "ls -la\n",
    "echo ",
    "the ",
    "answer ",
    "is ",
    "{",
    "}",
    '"command": ',
]

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}] "
    "{{ message['content'] }}\n{% endfor %}[assistant] "
)


def main(path):
    writer = gguf.GGUFWriter(path, "llama")
    tokens = vocabulary()
    write_shape(writer)
    write_vocabulary(writer, tokens)
    write_weights(writer, len(tokens))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def vocabulary():
    """The tokens with their kinds: a byte for whatever is not a word."""
    kind = gguf.TokenType
    special = [("<unk>", kind.UNKNOWN), ("<s>", kind.CONTROL), ("</s>", kind.CONTROL)]
    single = [(f"<0x{byte:02X}>", kind.BYTE) for byte in range(256)]
    words = [(word.replace(" ", "\u2581"), kind.NORMAL) for word in WORDS]
    return special + single + words


def write_shape(writer):
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def write_vocabulary(writer, tokens):
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text.encode() for text, _ in tokens])
    writer.add_token_scores([-float(number) for number in range(len(tokens))])
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)


def write_weights(writer, tokens):
    random = numpy.random.default_rng(4711)

    def matrix(name, rows, columns):
        weights = random.normal(0, columns**-0.5, (rows, columns))
        writer.add_tensor(f"{name}.weight", weights.astype(numpy.float32))

    def ones(name):
        writer.add_tensor(f"{name}.weight", numpy.ones(WIDTH, numpy.float32))

    matrix("token_embd", tokens, WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        ones(f"{block}.attn_norm")
        for part in ["attn_q", "attn_k", "attn_v", "attn_output"]:
            matrix(f"{block}.{part}", WIDTH, WIDTH)
        ones(f"{block}.ffn_norm")
        matrix(f"{block}.ffn_gate", INNER, WIDTH)
        matrix(f"{block}.ffn_up", INNER, WIDTH)
        matrix(f"{block}.ffn_down", WIDTH, INNER)
    ones("output_norm")
    matrix("output", tokens, WIDTH)


if __name__ == "__main__":
    main(sys.argv[1])
