package io.meltemi.samples.bookinfo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Renders the product page. Nothing that came over the network is written unescaped. */
final class Page {
  static final String TITLE = "The Odyssey";
  static final String DESCRIPTION =
      "Odysseus has won his war and only wants to sail home. The winds have other plans: one"
          + " island’s king hands him every storm tied up in a leather bag, his crew cannot leave"
          + " the knot alone, and the voyage of a week becomes one of ten years.";

  /**
   * What there is to show.
   *
   * @param user who is signed in, empty for nobody
   */
  record Model(String user, Answer details, Answer reviews) {}

  private final String version;
  private final String podName;
  private final String frame = resource("page.html");

  Page(String version, String podName) {
    this.version = version;
    this.podName = podName;
  }

  String html(Model model) {
    return frame
        .replace("{{title}}", escape(TITLE))
        .replace("{{description}}", escape(DESCRIPTION))
        .replace("{{account}}", account(model.user()))
        .replace("{{path}}", path(model))
        .replace("{{details}}", details(model.details()))
        .replace("{{reviews}}", reviews(model.reviews()));
  }

  /** The same as an object for scripts. */
  Map<String, @Nullable Object> json(Model model) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("title", TITLE);
    json.put("user", model.user());
    json.put("productpage", Map.of("version", version, "pod", podName));
    json.put("details", json(model.details()));
    Map<String, @Nullable Object> reviews = json(model.reviews());
    String ratings = "none";
    if (model.reviews() instanceof Answer.Response response && response.ok()) {
      for (Object review : Json.array(Json.object(Json.parse(response.body())).get("reviews"))) {
        Map<String, @Nullable Object> rating = Json.object(Json.object(review).get("rating"));
        ratings =
            rating.containsKey("error")
                ? "error"
                : rating.containsKey("color") ? Json.string(rating.get("color")) : ratings;
      }
    }
    json.put("reviews", reviews);
    json.put("stars", ratings);
    return json;
  }

  private static Map<String, @Nullable Object> json(Answer answer) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("millis", answer.took().toMillis());
    switch (answer) {
      case Answer.Response response -> {
        json.put("status", response.status());
        json.put("version", response.version());
        json.put("pod", response.pod());
        if (response.ok()) {
          json.put("body", Json.parse(response.body()));
        } else {
          json.put("error", response.problem());
        }
      }
      case Answer.Failure failure -> {
        json.put("status", 0);
        json.put("error", failure.cause());
      }
    }
    return json;
  }

  private static String account(String user) {
    if (!user.isEmpty()) {
      return """
      <p class="who">Signed in as <strong>%s</strong></p>
      <form action="/logout" method="get"><button class="quiet">Sign out</button></form>
      """
          .formatted(escape(user));
    }
    return """
    <form action="/login" method="post">
      <label for="username" class="hidden">User name</label>
      <input id="username" name="username" placeholder="jason" required maxlength="40"
        pattern="[A-Za-z0-9._@\\-]+" autocomplete="username">
      <button>Sign in</button>
    </form>
    """;
  }

  /** The strip that tells who answered. */
  private String path(Model model) {
    StringBuilder out = new StringBuilder();
    out.append(hop("productpage", "good", version, podName));
    out.append(hop("details", model.details()));
    out.append(hop("reviews", model.reviews()));
    return out.toString();
  }

  private static String hop(String service, Answer answer) {
    return switch (answer) {
      case Answer.Response response when response.ok() ->
          hop(
              service,
              "good",
              response.version().isEmpty() ? "200" : response.version(),
              response.pod() + " · " + response.took().toMillis() + " ms");
      case Answer.Response response ->
          hop(
              service,
              "bad",
              String.valueOf(response.status()),
              response.took().toMillis() + " ms");
      case Answer.Failure failure ->
          hop(service, "bad", "no answer", failure.took().toMillis() + " ms");
    };
  }

  private static String hop(String service, String state, String badge, String note) {
    return """
    <li class="%s"><span class="service">%s</span> <span class="badge">%s</span>
      <span class="note">%s</span></li>
    """
        .formatted(state, service, escape(badge), escape(note));
  }

  private static String details(Answer answer) {
    if (!(answer instanceof Answer.Response response) || !answer.ok()) {
      return trouble("Book details are not available", answer.problem());
    }
    Map<String, @Nullable Object> book = Json.object(Json.parse(response.body()));
    StringBuilder out = new StringBuilder("<dl>");
    for (Map.Entry<String, @Nullable Object> entry : book.entrySet()) {
      if (!entry.getKey().equals("id")) {
        out.append("<div><dt>")
            .append(escape(label(entry.getKey())))
            .append("</dt><dd>")
            .append(escape(Json.string(entry.getValue())))
            .append("</dd></div>");
      }
    }
    return out.append("</dl>").toString();
  }

  private static String label(String key) {
    return key.startsWith("ISBN")
        ? key
        : key.substring(0, 1).toUpperCase(Locale.ROOT) + key.substring(1);
  }

  private static String reviews(Answer answer) {
    if (!(answer instanceof Answer.Response response) || !answer.ok()) {
      return trouble("Reviews are not available", answer.problem());
    }
    StringBuilder out = new StringBuilder();
    String error = "";
    for (Object item : Json.array(Json.object(Json.parse(response.body())).get("reviews"))) {
      Map<String, @Nullable Object> review = Json.object(item);
      Map<String, @Nullable Object> rating = Json.object(review.get("rating"));
      error = rating.containsKey("error") ? Json.string(rating.get("error")) : error;
      out.append("<figure class=\"review\">")
          .append(stars(rating))
          .append("<blockquote>")
          .append(escape(Json.string(review.get("text"))))
          .append("</blockquote><figcaption>")
          .append(escape(Json.string(review.get("reviewer"))))
          .append("</figcaption></figure>");
    }
    if (!error.isEmpty()) {
      out.insert(0, trouble("The reviews came without their stars", error));
    }
    return out.toString();
  }

  private static String stars(Map<String, @Nullable Object> rating) {
    if (!rating.containsKey("stars")) {
      return "";
    }
    int count = Math.clamp(ProductId.parse(Json.string(rating.get("stars"))), 0, 5);
    String color = Json.string(rating.get("color")).equals("red") ? "red" : "black";
    return "<p class=\"stars %s\" aria-label=\"%d of 5 stars\">%s<span>%s</span></p>"
        .formatted(color, count, "★".repeat(count), "★".repeat(5 - count));
  }

  private static String trouble(String what, String why) {
    return "<div class=\"trouble\" role=\"alert\"><strong>%s</strong><p>%s</p></div>"
        .formatted(escape(what), escape(why));
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  private static String resource(String name) {
    try (InputStream in = Objects.requireNonNull(Page.class.getResourceAsStream(name), name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
