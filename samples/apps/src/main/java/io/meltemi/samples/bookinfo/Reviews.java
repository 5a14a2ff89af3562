package io.meltemi.samples.bookinfo;

import com.sun.net.httpserver.HttpExchange;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code GET /reviews/<id>}: what readers say. With {@code ENABLE_RATINGS=true} each review carries
 * the stars of the ratings service in {@code STAR_COLOR}: version 1 has none, version 2 black ones,
 * version 3 red ones.
 *
 * <p>Black stars wait 10 s for ratings and others 2.5 s, as in Istio's sample: with a delay on
 * ratings between 3 and 10 s the product page gives up before version 2 does.
 */
final class Reviews implements AppServer.Handler {
  private static final String PREFIX = "/reviews/";
  private static final Map<String, String> TEXTS = texts();

  private final Environment environment;
  private final ServiceClient client;
  private final boolean ratingsEnabled;
  private final String starColor;
  private final String ratingsUrl;
  private final Duration ratingsTimeout;

  Reviews(Environment environment, ServiceClient client) {
    this.environment = environment;
    this.client = client;
    ratingsEnabled = environment.flag("ENABLE_RATINGS");
    starColor = environment.text("STAR_COLOR", "black");
    ratingsUrl =
        "http://%s:%d/ratings/"
            .formatted(
                environment.text("RATINGS_HOSTNAME", "ratings"),
                environment.number("RATINGS_SERVICE_PORT", 9080));
    ratingsTimeout = Duration.ofMillis(starColor.equals("black") ? 10_000 : 2_500);
  }

  @Override
  public AppServer.Reply handle(HttpExchange exchange) {
    String path = exchange.getRequestURI().getPath();
    if (!path.startsWith(PREFIX)) {
      return AppServer.Reply.error(404, "no such path: " + path);
    }
    int id = ProductId.parse(path.substring(PREFIX.length()));
    Map<String, Object> ratings = Map.of();
    if (ratingsEnabled) {
      ratings = ratings(id, Propagation.from(exchange.getRequestHeaders()));
    }
    List<Map<String, Object>> reviews = new ArrayList<>();
    for (Map.Entry<String, String> text : TEXTS.entrySet()) {
      Map<String, Object> review = new LinkedHashMap<>();
      review.put("reviewer", text.getKey());
      review.put("text", text.getValue());
      if (ratingsEnabled) {
        review.put(
            "rating",
            ratings.containsKey("error") ? ratings : ratings.getOrDefault(text.getKey(), Map.of()));
      }
      reviews.add(review);
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("id", String.valueOf(id));
    answer.put("podname", environment.podName());
    answer.put("clustername", environment.text("CLUSTER_NAME", "null"));
    answer.put("reviews", reviews);
    return AppServer.Reply.json(200, answer);
  }

  /** Reviewer to stars, or an object with {@code error} alone. */
  private Map<String, Object> ratings(int id, Map<String, String> headers) {
    Answer answer = client.get(URI.create(ratingsUrl + id), headers, ratingsTimeout);
    if (answer.ok() && answer instanceof Answer.Response response) {
      Map<String, Object> byReviewer = new LinkedHashMap<>();
      Json.object(Json.object(Json.parse(response.body())).get("ratings"))
          .forEach(
              (reviewer, stars) ->
                  byReviewer.put(
                      reviewer,
                      Map.of("stars", ProductId.parse(Json.string(stars)), "color", starColor)));
      return byReviewer;
    }
    System.out.println("ratings: " + answer.problem());
    return Map.of("error", "Ratings are not available just now (" + answer.problem() + ")");
  }

  private static Map<String, String> texts() {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put(
        "Reviewer1",
        "Ten years to cross one sea, and I would not have him home a day sooner. Read it aloud.");
    texts.put(
        "Reviewer2",
        "The best warning ever written about opening a bag of winds on the way to production.");
    return texts;
  }
}
