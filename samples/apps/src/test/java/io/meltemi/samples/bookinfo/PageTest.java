package io.meltemi.samples.bookinfo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PageTest {
  private static final Duration TOOK = Duration.ofMillis(12);
  private static final Answer DETAILS =
      new Answer.Response(200, "{\"id\":0,\"author\":\"Homer\"}", "v1", "details-1", TOOK);

  private final Page page = new Page("v1", "productpage-1");

  @Test
  void showsWhichReviewsAnsweredAndItsStars() {
    String html = page.html(new Page.Model("", DETAILS, reviews("red")));
    assertTrue(html.contains("reviews-3 · 12 ms"), html);
    assertTrue(html.contains("class=\"stars red\" aria-label=\"4 of 5 stars\""), html);
    assertFalse(html.contains("{{"), "a placeholder is left");
  }

  @Test
  void failedServicesAreShownInPlace() {
    Answer failed = new Answer.Response(503, "no healthy upstream", "", "", TOOK);
    Answer late = new Answer.Failure("no answer within 3.0 s", TOOK);
    String html = page.html(new Page.Model("", failed, late));
    assertTrue(html.contains("HTTP 503: no healthy upstream"), html);
    assertTrue(html.contains("no answer within 3.0 s"), html);
  }

  @Test
  void failedRatingsLeaveTheTexts() {
    String body =
        "{\"reviews\":[{\"reviewer\":\"R\",\"text\":\"Good\",\"rating\":{\"error\":\"gone\"}}]}";
    Answer reviews = new Answer.Response(200, body, "v2", "reviews-2", TOOK);
    String html = page.html(new Page.Model("", DETAILS, reviews));
    assertTrue(html.contains("without their stars") && html.contains("Good"), html);
    assertEquals("error", page.json(new Page.Model("", DETAILS, reviews)).get("stars"));
  }

  @Test
  void foreignTextIsEscaped() {
    Answer failed = new Answer.Response(500, "<script>x</script>", "<b>", "", TOOK);
    String html = page.html(new Page.Model("<i>", failed, failed));
    assertFalse(html.contains("<script>x") || html.contains("<i>"), html);
  }

  @Test
  void jsonNamesVersionAndStars() {
    Map<String, ?> json = page.json(new Page.Model("jason", DETAILS, reviews("black")));
    assertEquals("black", json.get("stars"));
    assertEquals("v3", Json.object(json.get("reviews")).get("version"));
    assertEquals("jason", json.get("user"));
  }

  private static Answer reviews(String color) {
    String body =
        "{\"reviews\":[{\"reviewer\":\"R\",\"text\":\"Good\",\"rating\":{\"stars\":4,\"color\":\""
            + color
            + "\"}}]}";
    return new Answer.Response(200, body, "v3", "reviews-3", TOOK);
  }
}
