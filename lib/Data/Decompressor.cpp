#include "Decompressor.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>

namespace talweg::data {

namespace {

bool beginsWith(std::span<const std::byte> bytes, std::string_view mark) {
  return std::string_view(reinterpret_cast<const char *>(bytes.data()), bytes.size()).starts_with(mark);
}

class Gzip : public Decompressor {
public:
  Gzip() {
    if (inflateInit2(&stream, 15 + 16) != Z_OK)
      throw std::bad_alloc();
  }
  ~Gzip() override { inflateEnd(&stream); }

  static bool is(std::span<const std::byte> bytes) { return beginsWith(bytes, "\x1f\x8b"); }
  std::string_view name() const override { return "gzip"; }
  bool starts(std::span<const std::byte> bytes) const override { return is(bytes); }
  std::int64_t greatestCompression() const override { return 1032; }
  void begin() override { inflateReset(&stream); }
  Step step(std::span<const std::byte> from, std::span<std::byte> into) override;

private:
  z_stream stream{};
};

class Zstd : public Decompressor {
public:
  Zstd() : stream(ZSTD_createDStream()) {
    if (!stream)
      throw std::bad_alloc();
  }
  ~Zstd() override { ZSTD_freeDStream(stream); }

  static bool is(std::span<const std::byte> bytes) { return beginsWith(bytes, "\x28\xb5\x2f\xfd"); }
  std::string_view name() const override { return "zstd"; }
  bool starts(std::span<const std::byte> bytes) const override { return is(bytes); }
  std::int64_t greatestCompression() const override { return 1 << 15; } // a block of 128 KiB in four bytes
  void begin() override { ZSTD_initDStream(stream); }
  Step step(std::span<const std::byte> from, std::span<std::byte> into) override;

private:
  ZSTD_DStream *stream;
};

} // namespace

Decompressor::Step Gzip::step(std::span<const std::byte> from, std::span<std::byte> into) {
  const std::size_t room = std::min<std::size_t>(into.size(), 1u << 30);
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(from.data()));
  stream.avail_in = static_cast<unsigned>(from.size());
  stream.next_out = reinterpret_cast<Bytef *>(into.data());
  stream.avail_out = static_cast<unsigned>(room);
  const int code = inflate(&stream, Z_NO_FLUSH);
  Step step{from.size() - stream.avail_in, room - stream.avail_out, code == Z_STREAM_END};
  if (code != Z_OK && code != Z_STREAM_END)
    step.problem = stream.msg ? stream.msg : zError(code);
  return step;
}

Decompressor::Step Zstd::step(std::span<const std::byte> from, std::span<std::byte> into) {
  ZSTD_inBuffer in{from.data(), from.size(), 0};
  ZSTD_outBuffer out{into.data(), into.size(), 0};
  const std::size_t code = ZSTD_decompressStream(stream, &out, &in);
  Step step{in.pos, out.pos, code == 0};
  if (ZSTD_isError(code))
    step.problem = ZSTD_getErrorName(code);
  return step;
}

std::unique_ptr<Decompressor> decompressorFor(std::span<const std::byte> start) {
  if (Gzip::is(start))
    return std::make_unique<Gzip>();
  if (Zstd::is(start))
    return std::make_unique<Zstd>();
  return nullptr;
}

} // namespace talweg::data
