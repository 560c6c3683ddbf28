// Whether this build is under the address sanitizer, which allocates for itself and sees nothing of native code.
#ifndef TALWEG_UNITTESTS_SUPPORT_SANITIZED_H
#define TALWEG_UNITTESTS_SUPPORT_SANITIZED_H

#ifdef __SANITIZE_ADDRESS__
#define TALWEG_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TALWEG_SANITIZED 1
#endif
#endif
#ifndef TALWEG_SANITIZED
#define TALWEG_SANITIZED 0
#endif

#endif
