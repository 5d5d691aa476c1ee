// SPDX-License-Identifier: Apache-2.0
// RuntimeOptions::metrics: what a scraper and an orchestrator get.
#include "harness/child.hpp"
#include "harness/raw_client.hpp"
#include "node/looking.hpp"
#include "process/support.hpp"
#include "troupe/runtime/node/internal/http_endpoint.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::node_test {
namespace {

using harness::RawClient;

using test::Program;

struct Answer {
  std::string status;  // "HTTP/1.1 200 OK"
  std::string header;
  std::string body;
};

Answer answer_to(std::uint16_t port, const std::string& request) {
  const RawClient client{port};
  client.send(request);
  const std::string all = client.read_to_end();
  const std::size_t first = all.find("\r\n");
  const std::size_t end = all.find("\r\n\r\n");
  if (first == std::string::npos || end == std::string::npos) return {};
  return {all.substr(0, first), all.substr(first + 2, end - first), all.substr(end + 4)};
}

Answer get(std::uint16_t port, const std::string& path, const std::string& verb = "GET") {
  return answer_to(port,
                   verb + " " + path + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
}

RuntimeOptions serving() {
  return {.workers = 1, .metrics = "tcp://127.0.0.1:0"};
}

TEST(HttpTest, MetricsAreOpenMetrics) {
  Runtime runtime{serving()};
  ASSERT_NE(runtime.metrics_address().port(), 0);
  const Answer answer = get(runtime.metrics_address().port(), "/metrics");
  EXPECT_EQ(answer.status, "HTTP/1.1 200 OK");
  EXPECT_NE(answer.header.find(
                "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
            std::string::npos)
      << answer.header;
  EXPECT_EQ(answer.body, runtime.open_metrics());
}

TEST(HttpTest, AProgramWhoseWorkersAreAllStuckStillAnswers) {
  const PrivateDirectory place;
  Program program = Program::in_role({"stuck"});
  const std::string said = read_until_ready(program);
  const std::size_t colon = said.rfind(':');
  ASSERT_NE(colon, std::string::npos) << said;
  const auto port = static_cast<std::uint16_t>(std::stoi(said.substr(colon + 1)));
  EXPECT_EQ(get(port, "/livez").status, "HTTP/1.1 200 OK");
  EXPECT_NE(get(port, "/metrics")
                .body.find("troupe_actors_in_state{type=\"Stuck\",state=\"running\"} 2\n"),
            std::string::npos);
}

TEST(HttpTest, ReadyIsWhatTheProgramSays) {
  Runtime runtime{serving()};
  const std::uint16_t port = runtime.metrics_address().port();
  EXPECT_EQ(get(port, "/readyz").status, "HTTP/1.1 503 Service Unavailable");
  runtime.set_ready(true);
  EXPECT_EQ(get(port, "/readyz").status, "HTTP/1.1 200 OK");
  runtime.set_ready(false);
  EXPECT_EQ(get(port, "/readyz").status, "HTTP/1.1 503 Service Unavailable");
  runtime.set_ready(true);
  runtime.request_stop();
  EXPECT_EQ(get(port, "/readyz").body, "stopping\n");
  EXPECT_EQ(get(port, "/livez").status, "HTTP/1.1 200 OK");
}

TEST(HttpTest, OtherPathsAndVerbsAreRefused) {
  Runtime runtime{serving()};
  const std::uint16_t port = runtime.metrics_address().port();
  EXPECT_EQ(get(port, "/").status, "HTTP/1.1 404 Not Found");
  EXPECT_EQ(get(port, "/metrics/../../etc/passwd").status, "HTTP/1.1 404 Not Found");
  EXPECT_TRUE(get(port, "/metrics", "POST").status.starts_with("HTTP/1.1 405 "));
  const Answer head = get(port, "/livez", "HEAD");
  EXPECT_EQ(head.status, "HTTP/1.1 200 OK");
  EXPECT_EQ(head.body, "");
}

TEST(HttpTest, GarbageAndWhatIsTooLargeEndThatConnectionOnly) {
  Runtime runtime{serving()};
  const std::uint16_t port = runtime.metrics_address().port();
  for (const std::string& request :
       {std::string(200'000, 'x'), std::string{"\x16\x03\x01\x02\x00\x01\x00", 7} + "\r\n\r\n",
        "GET /livez HTTP/1.1\r\nX: " + std::string(200'000, 'y') + "\r\n\r\n",
        std::string{"POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n"}}) {
    const RawClient client{port};
    client.send(request);
    client.end_sending();
    const std::string answer = client.read_to_end();
    EXPECT_FALSE(answer.starts_with("HTTP/1.1 200")) << answer.substr(0, 40);
  }
  EXPECT_EQ(get(port, "/livez").status, "HTTP/1.1 200 OK");
}

TEST(HttpTest, ThoseThatSayNothingDoNotKeepOthersWaiting) {
  Runtime runtime{serving()};
  const std::uint16_t port = runtime.metrics_address().port();
  std::vector<RawClient> slow;
  for (unsigned i = 0; i + 1 < node::HttpEndpoint::kMostConnections; ++i) {
    slow.emplace_back(port).send("GET /met");
  }
  EXPECT_EQ(get(port, "/livez").status, "HTTP/1.1 200 OK");
}

TEST(HttpTest, AConnectionServesSeveralRequests) {
  Runtime runtime{serving()};
  const RawClient client{runtime.metrics_address().port()};
  const std::string request = "GET /livez HTTP/1.1\r\nHost: here\r\n";
  client.send(request + "\r\n" + request + "Connection: close\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_NE(all.find("alive\n"), all.rfind("alive\n")) << all;
}

std::string error_of(const Address& metrics, Code code) {
  try {
    const Runtime runtime{RuntimeOptions{.metrics = metrics}};
  } catch (const Error& error) {
    EXPECT_EQ(error, code) << error.what();
    return error.what();
  }
  return "no error";
}

TEST(HttpTest, APortInUseIsTheConstructorsError) {
  Runtime runtime{serving()};
  const std::string where = runtime.metrics_address().text();
  const std::string text = error_of(where, Code::exists);
  EXPECT_NE(text.find(where), std::string::npos) << text;
  EXPECT_NE(text.find("in use"), std::string::npos) << text;
  EXPECT_NE(text.find("/metrics"), std::string::npos) << text;
}

TEST(HttpTest, BeyondLoopbackOnlyWhereItIsWrittenOut) {
  EXPECT_NE(error_of("tcp://0.0.0.0:0", Code::refused).find("?plaintext=accepted"),
            std::string::npos);
  Runtime runtime{RuntimeOptions{.metrics = "tcp://0.0.0.0:0?plaintext=accepted"}};
  EXPECT_EQ(get(runtime.metrics_address().port(), "/livez").status, "HTTP/1.1 200 OK");
}

TEST(HttpTest, AnAddressOfAnotherKindIsRefused) {
  EXPECT_NE(error_of("unix:/tmp/metrics", Code::invalid_argument).find("tcp://127.0.0.1:PORT"),
            std::string::npos);
  EXPECT_NE(error_of("tcp://127.0.0.1:70000", Code::invalid_argument), "no error");
}

TEST(HttpTest, WithoutAnAddressNothingIsServed) {
  const Runtime runtime{RuntimeOptions{}};
  EXPECT_TRUE(runtime.metrics_address().empty());
}

}  // namespace
}  // namespace troupe::node_test
