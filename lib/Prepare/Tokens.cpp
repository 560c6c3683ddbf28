#include "Tokens.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <exception>
#include <mutex>

namespace talweg::prepare {

namespace {
/// Each word with its count, as the trainer reads it.
class WordLines : public sentencepiece::SentenceIterator {
public:
  explicit WordLines(const std::vector<WordCount> &words) : words(words) { read(); }
  bool done() const override { return at == words.size(); }
  void Next() override {
    ++at;
    read();
  }
  const std::string &value() const override { return line; }
  sentencepiece::util::Status status() const override { return {}; }

private:
  void read() {
    if (!done())
      line = fmt::format("{}\t{}", words[at].word, words[at].count);
  }
  const std::vector<WordCount> &words;
  std::size_t at = 0;
  std::string line;
};
} // namespace

Fault learnTokens(const std::vector<WordCount> &words, std::int64_t most, std::string &model) {
  static std::mutex oneAtATime; // the trainer keeps settings for the whole process
  const std::lock_guard lock(oneAtATime);
  if (words.empty())
    return {"E0759", "`tokens` finds no word in any row that it is to learn from",
            "are the right column and the right rows chosen?"};
  WordLines lines(words);
  const sentencepiece::util::Status status = sentencepiece::SentencePieceTrainer::Train(
      {{"model_type", "bpe"},
       {"vocab_size", std::to_string(most)},
       {"hard_vocab_limit", "false"},
       {"pad_id", "0"},
       {"unk_id", "1"},
       {"bos_id", "-1"},
       {"eos_id", "-1"},
       {"input_format", "tsv"},
       {"max_sentence_length", "16384"}, // the trainer has 16 bits for a place in a word
       {"normalization_rule_name", "identity"},
       {"num_threads", "1"},
       {"minloglevel", "3"}},
      &lines, &model);
  if (status.ok())
    return {};
  model.clear();
  return {"E0761", fmt::format("{} tokens cannot be learned of these texts", most),
          "each character that is frequent is a token: allow more, as in `tokens(8000)`"};
}

Tokenizer::Tokenizer() : processor(std::make_unique<sentencepiece::SentencePieceProcessor>()) {}
Tokenizer::~Tokenizer() = default;

bool Tokenizer::load(const std::string &model) {
  try { // by which the library tells of some of the models that it cannot take
    return processor->LoadFromSerializedProto(model).ok() && processor->GetPieceSize() > 2 &&
           processor->pad_id() == 0 && processor->unk_id() == 1;
  } catch (const std::exception &) {
    return false;
  }
}

std::int64_t Tokenizer::size() const { return processor->GetPieceSize(); }

std::vector<std::string> Tokenizer::names() const {
  std::vector<std::string> names;
  for (int i = 0; i < processor->GetPieceSize(); ++i)
    names.push_back(processor->IdToPiece(i));
  return names;
}

void Tokenizer::append(std::string_view word, std::vector<std::int32_t> &labels) const {
  const std::vector<int> ids = processor->EncodeAsIds({word.data(), word.size()});
  labels.insert(labels.end(), ids.begin(), ids.end());
}

} // namespace talweg::prepare
