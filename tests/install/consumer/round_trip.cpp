// round_trip TEXT - the same in C++: put TEXT, get it back, print it.

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <stint.h>

namespace {

void check(int code)
{
    if (code != 0) throw std::runtime_error(stint_error_message());
}

struct closer {
    void operator()(stint *s) const { (void)stint_close(s); }
};
using connection = std::unique_ptr<stint, closer>;

connection connect()
{
    stint_options options = {};
    stint *s = nullptr;

    options.name = "round_trip";
    options.kind = STINT_CLIENT;
    check(stint_connect(&options, &s));
    return connection(s);
}

std::string round_trip(stint *s, const std::string &text)
{
    stint_queue *queue = nullptr;
    stint_bytes item = {};

    check(stint_queue_open(s, text.c_str(), nullptr, &queue));
    check(stint_queue_put(queue, text.data(), text.size(), 5000));
    check(stint_queue_get(queue, &item, 5000));
    return std::string(static_cast<const char *>(item.data), item.size);
}

} // namespace

int main(int argc, char **argv)
try {
    const std::string text = argc > 1 ? argv[1] : "hello";
    const connection s = connect();

    if (std::string(stint_version()) != STINT_VERSION)
        throw std::runtime_error("stint.h and the library are not of one version");
    std::cout << round_trip(s.get(), text) << "\n";
    return 0;
} catch (const std::exception &reason) {
    std::cerr << reason.what() << "\n";
    return 1;
}
