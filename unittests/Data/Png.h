// PNG files that a test writes down.
#ifndef TALWEG_UNITTESTS_DATA_PNG_H
#define TALWEG_UNITTESTS_DATA_PNG_H

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace talweg::data {

/// Big-endian.
inline std::string numberOfPng(std::uint64_t number) {
  return {char(number >> 24), char(number >> 16), char(number >> 8), char(number)};
}
inline std::string sumOfPng(std::string_view body) {
  return numberOfPng(crc32(0, reinterpret_cast<const Bytef *>(body.data()), static_cast<uInt>(body.size())));
}

/// A part of a file: its length, its name, its data, their sum.
inline std::string chunk(const std::string &name, const std::string &data) {
  return numberOfPng(data.size()) + name + data + sumOfPng(name + data);
}

/// A file of one grey pixel.
inline std::string pixel(int grey) {
  const unsigned char row[] = {0, static_cast<unsigned char>(grey)};
  std::string stream(64, '\0');
  uLongf size = stream.size();
  compress(reinterpret_cast<Bytef *>(stream.data()), &size, row, sizeof row);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", {"\0\0\0\1\0\0\0\1\10\0\0\0\0", 13}) +
         chunk("IDAT", stream.substr(0, size)) + chunk("IEND", "");
}

/// The file with the sums that its chunks should have.
inline std::string withSums(std::string png) {
  for (std::size_t at = 8; at + 12 <= png.size();) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i)
      size = size << 8 | static_cast<unsigned char>(png[at + i]);
    if (size > png.size() - at - 12)
      break;
    png.replace(at + 8 + size, 4, sumOfPng(std::string_view(png).substr(at + 4, size + 4)));
    at += size + 12;
  }
  return png;
}

} // namespace talweg::data

#endif
