// Whether this build is under the address or the thread sanitizer, which allocate for themselves and see nothing of native code.
#ifndef TALWEG_UNITTESTS_SUPPORT_SANITIZED_H
#define TALWEG_UNITTESTS_SUPPORT_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TALWEG_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TALWEG_SANITIZED 1
#endif
#endif
#ifndef TALWEG_SANITIZED
#define TALWEG_SANITIZED 0
#endif

#endif
