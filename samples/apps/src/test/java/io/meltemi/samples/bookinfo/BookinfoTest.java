package io.meltemi.samples.bookinfo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BookinfoTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final Deque<AutoCloseable> apps = new ArrayDeque<>();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void stop() throws Exception {
    http.close();
    while (!apps.isEmpty()) {
      apps.pop().close();
    }
  }

  @Test
  void userAndTraceReachReviewsThroughTheProductPage() throws Exception {
    int details = start("details", Map.of());
    int ratings = start("ratings", Map.of());
    int reviews =
        start(
            "reviews",
            Map.of(
                "ENABLE_RATINGS", "true",
                "STAR_COLOR", "red",
                "SERVICE_VERSION", "v3",
                "RATINGS_HOSTNAME", "127.0.0.1",
                "RATINGS_SERVICE_PORT", String.valueOf(ratings)));
    int page = productPage(details, reviews, ratings);

    HttpResponse<String> login =
        http.send(
            HttpRequest.newBuilder(uri(page, "/login"))
                .POST(HttpRequest.BodyPublishers.ofString("username=jason&passwd="))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertEquals(302, login.statusCode());
    String cookie = login.headers().firstValue("set-cookie").orElse("").split(";")[0];

    Map<String, ?> json = json(get(page, "/productpage?format=json", "cookie", cookie));
    assertEquals("jason", json.get("user"));
    assertEquals("red", json.get("stars"));
    assertEquals("v3", Json.object(json.get("reviews")).get("version"));
    assertEquals("Homer", Json.object(Json.object(json.get("details")).get("body")).get("author"));
  }

  @Test
  void apiForwardsToTheServices() throws Exception {
    int details = start("details", Map.of());
    int ratings = start("ratings", Map.of());
    int page = productPage(details, ratings, ratings);
    assertTrue(get(page, "/api/v1/products").body().contains(Page.TITLE));
    assertTrue(get(page, "/api/v1/products/0").body().contains("Homer"));
    assertTrue(get(page, "/api/v1/products/0/ratings").body().contains("Reviewer1"));
    assertEquals(400, get(page, "/api/v1/products/x").statusCode());
    assertEquals(404, get(page, "/api/v1/products/0/other").statusCode());
    assertEquals(404, get(page, "/nothing").statusCode());
  }

  @Test
  void unreachableServicesAreNamedOnThePage() throws Exception {
    int page = productPage(1, 1, 1);
    HttpResponse<String> answer = get(page, "/productpage");
    assertEquals(200, answer.statusCode());
    assertTrue(answer.body().contains("Reviews are not available"), answer.body());
    assertTrue(answer.body().contains("Book details are not available"), answer.body());
  }

  @Test
  void changedRatingsAreKeptAndBadOnesRefused() throws Exception {
    int ratings = start("ratings", Map.of());
    assertEquals(200, post(ratings, "/ratings/3", "{\"A\":2}").statusCode());
    assertTrue(get(ratings, "/ratings/3").body().contains("\"A\":2"));
    assertEquals(400, post(ratings, "/ratings/3", "{\"A\":9}").statusCode());
    assertEquals(400, post(ratings, "/ratings/3", "{\"A\"").statusCode());
  }

  @Test
  void callsGoThroughTheProxyExceptWhereTold() throws Exception {
    int ratings = start("ratings", Map.of());
    MeshProxy proxy =
        MeshProxy.from(
            new Environment(
                Map.of(
                    "HTTP_PROXY", "http://127.0.0.1:" + ratings, "NO_PROXY", "localhost,.direct")));
    ServiceClient client = new ServiceClient(proxy);
    // the app answers absolute-form requests for any host, as a proxy would
    Answer answer = client.get(URI.create("http://ratings:9080/ratings/0"), Map.of(), TIMEOUT);
    assertTrue(answer.ok(), answer.problem());
    Answer direct = client.get(URI.create("http://x.direct:9080/ratings/0"), Map.of(), TIMEOUT);
    assertTrue(direct instanceof Answer.Failure, direct.problem());
  }

  @Test
  void tcpEchoNamesItsPod() throws Exception {
    int port = start("tcp-echo", Map.of());
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      socket.getOutputStream().write("hello\n".getBytes(StandardCharsets.UTF_8));
      assertEquals("v1 tcp-echo-0 hello", in.readLine());
    }
  }

  @Test
  void badSettingsAreNamed() {
    Environment environment = new Environment(Map.of("PORT", "many"));
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Main.start("details", environment));
    assertTrue(String.valueOf(error.getMessage()).contains("PORT: many"));
    assertThrows(
        IllegalArgumentException.class, () -> Main.start("other", new Environment(Map.of())));
  }

  private int productPage(int details, int reviews, int ratings) throws Exception {
    return start(
        "productpage",
        Map.of(
            "DETAILS_HOSTNAME",
            "127.0.0.1",
            "DETAILS_SERVICE_PORT",
            String.valueOf(details),
            "REVIEWS_HOSTNAME",
            "127.0.0.1",
            "REVIEWS_SERVICE_PORT",
            String.valueOf(reviews),
            "RATINGS_HOSTNAME",
            "127.0.0.1",
            "RATINGS_SERVICE_PORT",
            String.valueOf(ratings)));
  }

  private int start(String name, Map<String, String> variables) throws Exception {
    Map<String, String> all = new HashMap<>(variables);
    all.put("PORT", "0");
    all.put("POD_NAME", name + "-0");
    AutoCloseable app = Main.start(name, new Environment(all));
    apps.push(app);
    return switch (app) {
      case AppServer server -> server.port();
      case TcpEcho echo -> echo.port();
      default -> throw new IllegalStateException(name);
    };
  }

  private HttpResponse<String> get(int port, String path, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri(port, path)).timeout(TIMEOUT);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> post(int port, String path, String body) throws Exception {
    return http.send(
        HttpRequest.newBuilder(uri(port, path))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static Map<String, ?> json(HttpResponse<String> response) {
    return Json.object(Json.parse(response.body()));
  }

  private static URI uri(int port, String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }
}
