package io.meltemi.samples.bookinfo;

import com.sun.net.httpserver.HttpExchange;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@code GET /details/<id>}: what is printed on the cover. */
final class Details implements AppServer.Handler {
  private static final String PREFIX = "/details/";

  @Override
  public AppServer.Reply handle(HttpExchange exchange) {
    String path = exchange.getRequestURI().getPath();
    if (!path.startsWith(PREFIX)) {
      return AppServer.Reply.error(404, "no such path: " + path);
    }
    Map<String, Object> book = new LinkedHashMap<>();
    book.put("id", ProductId.parse(path.substring(PREFIX.length())));
    book.put("author", "Homer");
    book.put("year", 1614);
    book.put("type", "paperback");
    book.put("pages", 416);
    book.put("publisher", "Aegean Press");
    book.put("language", "English");
    book.put("ISBN-10", "0000000159");
    book.put("ISBN-13", "000-0000000159");
    return AppServer.Reply.json(200, book);
  }
}
