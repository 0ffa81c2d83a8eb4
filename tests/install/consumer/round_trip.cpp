// round_trip TEXT - the same in C++: put TEXT, get it back, print it; then as the
// only task of a job.

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <stint_job.h>
#include <stint_process.h>

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

struct job_freer {
    void operator()(stint_job *job) const { stint_job_free(job); }
};

std::string run_job(stint *s, const std::string &text)
{
    stint_job_options options = {};
    stint_job *opened = nullptr;
    stint_queue *workers = nullptr;
    stint_task *task = nullptr;
    stint_end end = {};

    options.queue = text.c_str();
    check(stint_job_open(s, &options, &opened));
    const std::unique_ptr<stint_job, job_freer> job(opened);
    check(stint_job_put(job.get(), text.data(), text.size(), 5000));
    check(stint_job_close_input(job.get(), 5000));
    check(stint_queue_open(s, text.c_str(), nullptr, &workers));
    check(stint_queue_take(workers, nullptr, &task, 5000));
    check(stint_task_post_done_with(
        task, nullptr, stint_task_payload(task), stint_bytes()));
    check(stint_job_next(job.get(), &end, 5000));
    return std::string(static_cast<const char *>(end.out.data), end.out.size);
}

// A program of this host, as the master's workers have them.
std::string run_program(const std::string &text)
{
    const char *const argv[] = { "printf", "%s", text.c_str(), nullptr };
    stint_run_options options = {};
    stint_completed done = {};

    options.argv = argv;
    check(stint_run(&options, &done));
    const std::string out(static_cast<const char *>(done.out.data), done.out.size);
    stint_completed_free(&done);
    return out;
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
    if (run_job(s.get(), text) != text)
        throw std::runtime_error("a job lost its task");
    if (run_program(text) != text)
        throw std::runtime_error("a program lost its output");
    return 0;
} catch (const std::exception &reason) {
    std::cerr << reason.what() << "\n";
    return 1;
}
