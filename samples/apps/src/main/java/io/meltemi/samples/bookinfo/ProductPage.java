package io.meltemi.samples.bookinfo;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The front of the sample: {@code /productpage} asks details and reviews at the same time and shows
 * what they say, or that they do not; {@code /productpage?format=json} is the same for scripts;
 * {@code /api/v1/products…} is the plain API; {@code POST /login} and {@code /logout} keep the user
 * in a cookie, handed on as the header {@code end-user}.
 */
final class ProductPage implements AppServer.Handler {
  private static final Duration TIMEOUT = Duration.ofSeconds(3);
  private static final int REVIEWS_TRIES = 2;
  private static final int PRODUCT_ID = 0;
  private static final String API = "/api/v1/products";
  private static final Pattern USER = Pattern.compile("[A-Za-z0-9._@-]{1,40}");

  private final ServiceClient client;
  private final Page page;
  private final String detailsUrl;
  private final String reviewsUrl;
  private final String ratingsUrl;
  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();

  ProductPage(Environment environment, ServiceClient client) {
    this.client = client;
    page = new Page(environment.version(), environment.podName());
    detailsUrl = url(environment, "details");
    reviewsUrl = url(environment, "reviews");
    ratingsUrl = url(environment, "ratings");
  }

  private static String url(Environment environment, String service) {
    String prefix = service.toUpperCase(Locale.ROOT);
    return "http://%s:%d/%s/"
        .formatted(
            environment.text(prefix + "_HOSTNAME", service),
            environment.number(prefix + "_SERVICE_PORT", 9080),
            service);
  }

  @Override
  public AppServer.Reply handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    return switch (path) {
      case "/", "/index.html" -> AppServer.Reply.redirect("/productpage", Map.of());
      case "/productpage" -> productPage(exchange);
      case "/login" -> login(exchange);
      case "/logout" ->
          AppServer.Reply.redirect(
              "/productpage", Map.of("set-cookie", "user=; Path=/; Max-Age=0; SameSite=Lax"));
      default -> path.startsWith(API) ? api(exchange, path) : notFound(path);
    };
  }

  private static AppServer.Reply notFound(String path) {
    return AppServer.Reply.error(404, "no such path: " + path);
  }

  private AppServer.Reply productPage(HttpExchange exchange) {
    Map<String, String> headers = headers(exchange);
    Future<Answer> details =
        calls.submit(() -> client.get(URI.create(detailsUrl + PRODUCT_ID), headers, TIMEOUT));
    Answer reviews = reviews(headers);
    Page.Model model =
        new Page.Model(headers.getOrDefault(Propagation.END_USER, ""), result(details), reviews);
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    return query.contains("format=json")
        ? AppServer.Reply.json(200, page.json(model))
        : AppServer.Reply.html(200, page.html(model));
  }

  /** A failed call for reviews is tried once more, as in Istio's sample. */
  private Answer reviews(Map<String, String> headers) {
    Answer answer = client.get(URI.create(reviewsUrl + PRODUCT_ID), headers, TIMEOUT);
    for (int tries = 1; tries < REVIEWS_TRIES && !answer.ok(); tries++) {
      answer = client.get(URI.create(reviewsUrl + PRODUCT_ID), headers, TIMEOUT);
    }
    return answer;
  }

  private static Answer result(Future<Answer> call) {
    try {
      return call.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer.Failure("stopping", Duration.ZERO);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private AppServer.Reply api(HttpExchange exchange, String path) {
    String rest = path.substring(API.length());
    if (rest.isEmpty() || rest.equals("/")) {
      return AppServer.Reply.json(
          200,
          List.of(
              Map.of("id", PRODUCT_ID, "title", Page.TITLE, "descriptionHtml", Page.DESCRIPTION)));
    }
    String[] parts = rest.substring(1).split("/", -1);
    int id = ProductId.parse(parts[0]);
    Map<String, String> headers = headers(exchange);
    String what = parts.length == 1 ? "" : parts.length == 2 ? parts[1] : "none";
    return switch (what) {
      case "" -> forward(detailsUrl + id, headers);
      case "reviews" -> forward(reviewsUrl + id, headers);
      case "ratings" -> forward(ratingsUrl + id, headers);
      default -> notFound(path);
    };
  }

  private AppServer.Reply forward(String url, Map<String, String> headers) {
    Answer answer = client.get(URI.create(url), headers, TIMEOUT);
    return switch (answer) {
      case Answer.Response(int status, String body, _, _, _) when status == 200 ->
          new AppServer.Reply(200, "application/json", body, Map.of());
      case Answer.Response(int status, _, _, _, _) ->
          AppServer.Reply.error(status, answer.problem());
      case Answer.Failure failure -> AppServer.Reply.error(503, failure.cause());
    };
  }

  private static AppServer.Reply login(HttpExchange exchange) throws IOException {
    String user = "";
    for (String field : AppServer.body(exchange).split("&")) {
      if (field.startsWith("username=")) {
        user =
            URLDecoder.decode(field.substring("username=".length()), StandardCharsets.UTF_8)
                .strip();
      }
    }
    if (!USER.matcher(user).matches()) {
      return AppServer.Reply.error(
          400, "username: " + user + " (expected: 1 to 40 of letters, digits, . _ @ -)");
    }
    return AppServer.Reply.redirect(
        "/productpage", Map.of("set-cookie", "user=" + user + "; Path=/; HttpOnly; SameSite=Lax"));
  }

  /** What to hand on; the signed-in user wins over an {@code end-user} header of the caller. */
  private static Map<String, String> headers(HttpExchange exchange) {
    Map<String, String> headers =
        new LinkedHashMap<>(Propagation.from(exchange.getRequestHeaders()));
    @Nullable String cookies = headers.get("cookie");
    if (cookies != null) {
      for (String cookie : cookies.split(";")) {
        String value = cookie.strip();
        if (value.startsWith("user=") && USER.matcher(value.substring(5)).matches()) {
          headers.put(Propagation.END_USER, value.substring(5));
        }
      }
    }
    return headers;
  }
}
