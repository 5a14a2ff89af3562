package io.meltemi.samples.bookinfo;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * {@code GET /ratings/<id>}: stars by reviewer; {@code POST} of an object of reviewer to stars
 * replaces them until the process ends.
 */
final class Ratings implements AppServer.Handler {
  private static final String PREFIX = "/ratings/";
  private static final int PRODUCTS_MAX = 1000;
  private static final Map<String, Integer> DEFAULT = stars();

  private final Map<Integer, Map<String, Integer>> changed = new ConcurrentHashMap<>();

  @Override
  public AppServer.Reply handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    if (!path.startsWith(PREFIX)) {
      return AppServer.Reply.error(404, "no such path: " + path);
    }
    int id = ProductId.parse(path.substring(PREFIX.length()));
    if (exchange.getRequestMethod().equals("POST")) {
      Map<String, Integer> ratings = read(AppServer.body(exchange));
      if (changed.size() < PRODUCTS_MAX) {
        changed.put(id, ratings);
      }
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("id", id);
    answer.put("ratings", changed.getOrDefault(id, DEFAULT));
    return AppServer.Reply.json(200, answer);
  }

  private static Map<String, Integer> read(String body) {
    Map<String, Integer> ratings = new LinkedHashMap<>();
    Json.object(Json.parse(body))
        .forEach(
            (reviewer, stars) -> {
              int count = ProductId.parse(Json.string(stars));
              if (count < 0 || count > 5) {
                throw new IllegalArgumentException(
                    reviewer + ": " + count + " (expected: 0 to 5 stars)");
              }
              ratings.put(reviewer, count);
            });
    return ratings;
  }

  private static Map<String, Integer> stars() {
    Map<String, Integer> stars = new LinkedHashMap<>();
    stars.put("Reviewer1", 5);
    stars.put("Reviewer2", 4);
    return stars;
  }
}
