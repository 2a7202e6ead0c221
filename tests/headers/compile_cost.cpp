// SPDX-License-Identifier: Apache-2.0
// compile_cost ROUNDS SECONDS RATIO MEBIBYTES YARDSTICK SOURCE COMMAND...
// What a source costs its compiler. COMMAND compiles YARDSTICK and SOURCE in turn, at most ROUNDS
// times; of each the least processor time counts, which other work on the machine disturbs least.
// Enough is SECONDS or RATIO times the yardstick, whichever is more: a slow machine is no fault of
// the source. No compilation may take MEBIBYTES of memory.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct cost {
    double seconds = std::numeric_limits<double>::max(); ///< of the processor
    long mebibytes = 0;                                  ///< at most, of compiler and assembler
};

double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

cost compile(std::vector<std::string> command, const std::string& source) {
    for (const char* word : {"-c", source.c_str(), "-o", "/dev/null"})
        command.emplace_back(word);
    std::vector<char*> words;
    for (std::string& word : command)
        words.push_back(word.data());
    words.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        execvp(words.front(), words.data());
        _exit(127);
    }
    int status = 0;
    rusage used{};
    if (child < 0 || wait4(child, &status, 0, &used) != child || status != 0)
        throw std::runtime_error(source + " does not compile");
    cost c;
    c.seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
    c.mebibytes = used.ru_maxrss / 1024;
    return c;
}

void keep_least(cost& least, const cost& c) {
    least.seconds = std::min(least.seconds, c.seconds);
    least.mebibytes = std::max(least.mebibytes, c.mebibytes);
}

int check(int rounds, double enough, double ratio, long most, const std::string& yardstick,
          const std::string& source, const std::vector<std::string>& command) {
    cost own;
    cost other;
    double limit = 0;
    for (int i = 0; i != rounds && own.seconds > limit; ++i) {
        keep_least(other, compile(command, yardstick));
        keep_least(own, compile(command, source));
        limit = std::max(enough, ratio * other.seconds);
    }
    std::cout << source << ": " << own.seconds << " s and " << own.mebibytes
              << " MiB, where the yardstick takes " << other.seconds << " s and " << other.mebibytes
              << " MiB\n";
    if (own.seconds > limit)
        std::cout << "too slow: the limit is " << limit << " s\n";
    if (own.mebibytes >= most)
        std::cout << "too large: the limit is " << most << " MiB\n";
    return own.seconds <= limit && own.mebibytes < most ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    try {
        const std::vector<std::string> a(argv + 1, argv + argc);
        if (a.size() < 7)
            throw std::invalid_argument("see the head of this program's source");
        return check(std::stoi(a[0]), std::stod(a[1]), std::stod(a[2]), std::stol(a[3]), a[4], a[5],
                     {a.begin() + 6, a.end()});
    } catch (const std::exception& e) {
        std::cerr << "compile_cost: " << e.what() << std::endl;
        return 2;
    }
}
