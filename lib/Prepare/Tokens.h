// Byte-pair tokens, by sentencepiece. Internal.
#ifndef TALWEG_LIB_PREPARE_TOKENS_H
#define TALWEG_LIB_PREPARE_TOKENS_H

#include "Words.h"
#include "talweg/Prepare/Cell.h"

#include <memory>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace talweg::prepare {

/// Learns at most `most` tokens of words between spaces, with padding as 0 and unknown as 1. The same words give the same bytes.
Fault learnTokens(const std::vector<WordCount> &words, std::int64_t most, std::string &model);

class Tokenizer {
public:
  Tokenizer();
  ~Tokenizer();
  /// False where `model` is none that was learned here.
  bool load(const std::string &model);
  std::int64_t size() const;
  std::vector<std::string> names() const;
  /// Appends the tokens of a word.
  void append(std::string_view word, std::vector<std::int32_t> &labels) const;

private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor;
};

} // namespace talweg::prepare

#endif
