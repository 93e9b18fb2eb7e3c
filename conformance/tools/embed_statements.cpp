// Build tool: turns corpus/statements/*.tsv and corpus/corrections.tsv into C++ source, and refuses tables that are wrong.
// Usage: embed_statements CORPUS OUTPUT.cpp
#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using Cells = std::vector<std::string>;
struct Row {
    std::string protocol;  // "3.1.1" or "5"
    Cells cells;           // id, section, obliged, testable, severity, summary, how
};
constexpr std::size_t id = 0, section = 1, columns = 7;

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
    throw std::runtime_error(where + ": " + what);
}

Cells split(const std::string& line) {
    Cells cells(1);
    for (const char c : line)
        if (c == '\t')
            cells.emplace_back();
        else
            cells.back() += c;
    return cells;
}

/// The rows of a table after its heading, which has to be the one given.
std::vector<Cells> read_table(const std::string& path, const std::string& heading) {
    std::ifstream file(path);
    if (!file) refuse(path, "cannot be read");
    std::string line;
    std::getline(file, line);
    if (line != heading) refuse(path + ":1", "the heading is not \"" + heading + "\"");
    std::vector<Cells> rows;
    for (int number = 2; std::getline(file, line); ++number) {
        if (line.empty()) continue;
        rows.push_back(split(line));
        if (rows.back().size() != split(heading).size())
            refuse(path + ":" + std::to_string(number), "has " + std::to_string(rows.back().size()) + " columns");
    }
    return rows;
}

void check_protocol(const std::string& path, const std::string& protocol) {
    if (protocol != "3.1.1" && protocol != "5") refuse(path, "\"" + protocol + "\" is no protocol (3.1.1 or 5)");
}

std::vector<int> numbers(const std::string& text) {
    std::vector<int> out;
    std::stringstream parts(text.substr(0, text.find(' ')));
    for (std::string part; std::getline(parts, part, '.');) out.push_back(std::stoi(part));
    return out;
}

/// By version and section, and as they stood within one. (clang takes libstdc++ 12's stable_sort for deprecated.)
void in_order(std::vector<Row>& rows) {
    std::vector<std::tuple<std::string, std::vector<int>, std::size_t>> keys;
    for (const auto& r : rows) keys.emplace_back(r.protocol, numbers(r.cells[section]), keys.size());
    std::sort(keys.begin(), keys.end());
    std::vector<Row> sorted;
    for (const auto& [protocol, place, index] : keys) sorted.push_back(std::move(rows[index]));
    rows = std::move(sorted);
}

std::vector<Row> read_rows(const std::string& corpus) {
    const std::string heading = "id\tsection\tobliged\ttestable\tseverity\tsummary\thow";
    std::vector<Row> rows;
    for (auto& cells : read_table(corpus + "/statements/mqtt-3.1.1.tsv", heading)) rows.push_back({"3.1.1", cells});
    for (auto& cells : read_table(corpus + "/statements/mqtt-5.0.tsv", heading)) rows.push_back({"5", cells});
    const std::string extra = corpus + "/statements/extra.tsv";
    for (auto& cells : read_table(extra, "protocol\t" + heading)) {
        check_protocol(extra, cells[0]);
        rows.push_back({cells[0], Cells(cells.begin() + 1, cells.end())});
        if (!rows.back().cells[id].starts_with("X-")) refuse(extra, rows.back().cells[id] + " does not start with X-");
    }
    in_order(rows);
    return rows;
}

void check_unique(const std::vector<Row>& rows) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& r : rows)
        if (!seen.insert({r.protocol, r.cells[id]}).second) refuse(r.cells[id], "stands twice for " + r.protocol);
}

Row& find(std::vector<Row>& rows, const std::string& protocol, const std::string& wanted, const std::string& path) {
    for (auto& r : rows)
        if (r.protocol == protocol && r.cells[id] == wanted) return r;
    refuse(path, "no statement " + wanted + " in " + protocol);
}

/// `old` stands in exactly one place of the row; `section` is PROTOCOL/SECTION, where the standard says so.
void correct(std::vector<Row>& rows, const std::string& corpus) {
    const std::string path = corpus + "/corrections.tsv";
    for (const auto& c : read_table(path, "id\told\tnew\treason\tsection")) {
        const std::string protocol = c[4].substr(0, c[4].find('/'));
        check_protocol(path, protocol);
        Row& row = find(rows, protocol, c[0], path);
        std::string* place = nullptr;
        for (std::size_t i = 1; i < columns; ++i) {
            const auto at = row.cells[i].find(c[1]);
            if (at == std::string::npos) continue;
            if (place || row.cells[i].find(c[1], at + 1) != std::string::npos)
                refuse(path, c[0] + ": \"" + c[1] + "\" stands more than once");
            place = &row.cells[i];
        }
        if (!place || c[1].empty()) refuse(path, c[0] + ": \"" + c[1] + "\" does not stand there");
        place->replace(place->find(c[1]), c[1].size(), c[2]);
    }
}

std::string literal(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string version(const std::string& protocol) {
    return protocol == "5" ? "mqtt::Version::v5" : "mqtt::Version::v3_1_1";
}

void write_statements(std::ostream& out, const std::vector<Row>& rows) {
    out << "constexpr Statement rows[] = {\n";
    for (const auto& r : rows) {
        out << "    {" << literal(r.cells[id]) << ", " << version(r.protocol);
        for (std::size_t i = 1; i < columns; ++i) out << ", " << literal(r.cells[i]);
        out << "},\n";
    }
    out << "};\n";
}

void write_excuses(std::ostream& out, std::vector<Row>& rows, const std::string& corpus) {
    const std::string path = corpus + "/statements/excuses.tsv";
    out << "constexpr Excuse excused[] = {\n";
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& c : read_table(path, "protocol\tid\tstate\treason")) {
        check_protocol(path, c[0]);
        find(rows, c[0], c[1], path);
        if (c[2] != "planned" && c[2] != "excused")
            refuse(path, c[1] + ": \"" + c[2] + "\" is neither planned nor excused");
        if (c[3].empty()) refuse(path, c[1] + ": without a reason");
        if (!seen.insert({c[0], c[1]}).second) refuse(path, c[1] + " stands twice for " + c[0]);
        out << "    {" << version(c[0]) << ", " << literal(c[1]) << ", " << (c[2] == "planned" ? "true" : "false")
            << ", " << literal(c[3]) << "},\n";
    }
    out << "    {mqtt::Version::v5, \"\", false, \"\"},  // so that there is always one; not shown\n};\n";
}

void run(const std::string& corpus, const std::string& output) {
    auto rows = read_rows(corpus);
    check_unique(rows);
    correct(rows, corpus);
    std::ostringstream out;
    out << "// Made by embed_statements from corpus/. Not to be edited.\n#include \"conformance/statements.hpp\"\n\n"
           "namespace conformance {\nnamespace {\n\n";
    write_statements(out, rows);
    write_excuses(out, rows, corpus);
    out << "\n}  // namespace\n\nstd::span<const Statement> statements() { return rows; }\n"
           "std::span<const Excuse> excuses() { return std::span(excused).first(std::size(excused) - 1); }\n\n"
           "}  // namespace conformance\n";
    std::ofstream file(output, std::ios::binary);
    file << out.str();
    if (!file.flush()) refuse(output, "cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 3) throw std::runtime_error("usage: embed_statements CORPUS OUTPUT.cpp");
        run(argv[1], argv[2]);
    } catch (const std::exception& e) {
        std::cerr << "embed_statements: " << e.what() << '\n';
        return 1;
    }
}
