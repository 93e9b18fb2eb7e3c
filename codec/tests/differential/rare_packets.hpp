// Packets by hand that chance brings too seldom: each stands for a row of differences.tsv.
#pragma once
#include "codec/words.hpp"

namespace differential {

struct Rare {
    mqtt::Version version;
    const char* hex;
};
using enum mqtt::Version;
inline constexpr Rare rare_packets[]{
    {v5, "10 0d 00 04 4d 51 54 54 85 02 00 3c 00 00 00"},  // levels with the bridge bit
    {v3_1_1, "10 0d 00 04 4d 51 54 54 84 02 00 3c 00 01 63"},
    {v3_1, "10 0f 00 06 4d 51 49 73 64 70 83 02 00 3c 00 01 63"},
    {v5, "70 10 fd f6 00 0c 26 00 01 2f 00 00 26 00 01 2f 00 00"},  // a name again after an empty value
    {v5,
     "10 21 00 04 4d 51 54 54 05 06 00 3c 00 00 01 63 0c 26 00 01 61 00 00 26 00 01 61 00 00"
     " 00 01 77 00 01 78"},
    {v3_1, "82 08 17 b2 00 03 61 2f 2b 41"},                       // 3.1: an unused bit beside the QoS
    {v3_1, "22 02 80 00"},                                         // 3.1: unused flags
    {v5, "20 03 00 99 00"},                                        // a code that tshark has no name for
    {v5, "f0 05 00 02 16 00 00"},                                  // data that end behind the properties
    {v3_1, "10 0f 00 06 4d 51 49 73 64 70 03 82 00 3c 00 01 63"},  // a flag, and no user name
    {v3_1_1, "10 0d 00 04 4d 51 54 54 04 82 00 3c 00 01 63"},
    {v3_1, "10 16 00 06 4d 51 49 73 64 70 03 06 00 3c 00 01 63 00 01 77 00 01 78 ff"},
    {v3_1, "10 15 00 06 4d 51 49 73 64 70 03 1e 00 3c 00 01 63 00 01 77 00 01 78"},  // will QoS 3
    {v3_1, "10 12 00 06 4d 51 49 73 64 70 03 42 00 3c 00 01 63 00 01 70"},
    {v5, "c8 f0"},
    {v3_1_1, "42 96"},
    {v3_1, "5d c3"},  // wrong from the first octet
    {v5, "c1 df 00"},
    {v5, "62 f6 00 20 80 00 80"},                                  // padded, and cut short
    {v3_1, "10 0f 00 06 4d 51 49 73 64 70 03 03 00 3c 00 01 63"},  // unused flags of a 3.1 CONNECT
    {v3_1, "10 0f 00 06 4d 51 49 73 64 70 03 22 00 3c 00 01 63"},
    {v3_1, "10 0f 00 06 4d 51 49 73 64 70 03 0a 00 3c 00 01 63"},
    {v3_1, "10 0f 00 06 4d 51 49 73 64 70 03 82 00 3c 00 01 63"},  // flagged and missing
    {v3_1, "10 0f 00 06 4d 51 49 73 64 70 03 c2 00 3c 00 01 63"},
    {v3_1, "10 12 00 06 4d 51 49 73 64 70 03 c2 00 3c 00 01 63 00 01 75"},
    {v3_1, "c0 80 00"},
    {v3_1_1, "e0 80 00"},  // padded: no rule against it
    {v3_1, "30 ff ff ff ff 01"},
    {v3_1, "20 02 02 00"},
    {v3_1, "30 03 00 01 2b"},
    {v3_1, "38 03 00 01 61"},
    {v3_1, "82 07 00 0a 00 02 61 23 00"},
    {v3_1, "82 07 00 0a 00 02 61 2b 00"},
    {v3_1, "82 06 00 0a 00 01 00 00"},
    {v3_1, "10 09 00 00 03 02 00 3c 00 01 63"},
    {v3_1, "10 0e 00 06 4d 51 49 73 64 70 03 02 00 3c 00 00"},  // no client identifier
    {v3_1_1, "10 0c 00 04 4d 51 54 54 04 00 00 3c 00 00"},
    {v5, "e0 14 00 12 26 00 01 61 00 01 62 1f 00 01 72 26 00 01 63 00 01 64"},  // another property between two pairs
    {v5, "36 05 00 01 61"},
    {v3_1_1, "36 05 00 01 61"},
    {v3_1, "36 05 00 01 61"},
};

}  // namespace differential
