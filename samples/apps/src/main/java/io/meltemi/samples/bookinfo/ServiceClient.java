package io.meltemi.samples.bookinfo;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Map;

/** Calls other services by name over HTTP/1.1. Safe for use by any thread; calls block. */
final class ServiceClient {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

  private final HttpClient client;

  ServiceClient(MeshProxy proxy) {
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(proxy)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();
  }

  /** Gets a URL; never throws for what the network does. */
  Answer get(URI uri, Map<String, String> headers, Duration timeout) {
    long start = System.nanoTime();
    try {
      HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(timeout);
      headers.forEach(request::setHeader);
      HttpResponse<String> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer.Response(
          response.statusCode(),
          response.body(),
          response.headers().firstValue(AppServer.VERSION_HEADER).orElse(""),
          response.headers().firstValue(AppServer.POD_HEADER).orElse(""),
          since(start));
    } catch (HttpTimeoutException e) {
      return new Answer.Failure(
          "no answer within %.1f s".formatted(timeout.toMillis() / 1000.0), since(start));
    } catch (ConnectException _) {
      return new Answer.Failure(
          "cannot reach " + uri.getAuthority() + ": connection refused", since(start));
    } catch (IOException e) {
      String text = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      return new Answer.Failure("cannot reach " + uri.getAuthority() + ": " + text, since(start));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer.Failure("stopping", since(start));
    }
  }

  private static Duration since(long startNanos) {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }
}
