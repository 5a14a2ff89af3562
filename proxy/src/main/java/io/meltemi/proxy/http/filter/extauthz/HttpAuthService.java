package io.meltemi.proxy.http.filter.extauthz;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.auth.v3.AttributeContext;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Action;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Change;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Outcome;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.upstream.UpstreamCall;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Sends the head of a request to a server: 200 lets it pass, and any other answer that is no server
 * error goes to the client.
 *
 * @param pathPrefix written before the path
 * @param pathOverride the whole path; empty for that of the request
 */
record HttpAuthService(
    UpstreamClient client,
    Target target,
    String pathPrefix,
    String pathOverride,
    HeaderMutations added,
    Answers answers)
    implements AuthService {
  private static final int ANSWER_BYTES_MAX = 1 << 20;
  private static final int OK = 200;
  private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");
  private static final HeaderName REMOVALS = HeaderName.of("x-envoy-auth-headers-to-remove");
  private static final HeaderName AUTHENTICATE = HeaderName.of("www-authenticate");

  /** What says how the answer's own body comes, which an answer to the client says anew. */
  private static final Set<HeaderName> FRAMING =
      Set.of(
          HeaderName.CONTENT_LENGTH,
          HeaderName.TRANSFER_ENCODING,
          HeaderName.CONNECTION,
          HeaderName.KEEP_ALIVE,
          HeaderName.UPGRADE);

  record Target(String cluster, long timeoutNanos, UpstreamClient.Retries retries) {}

  /**
   * Which headers of an answer go where.
   *
   * @param upstream replace those of the request that is let pass
   * @param upstreamAppend are added to those of the request
   * @param client of a refusal; empty for all
   * @param clientOnSuccess are added to the response of a request that was let pass
   */
  record Answers(
      NameMatcher upstream,
      NameMatcher upstreamAppend,
      NameMatcher client,
      NameMatcher clientOnSuccess,
      NameMatcher metadata) {}

  @Override
  public UpstreamCall check(
      LoopContext loop, CheckRequest request, StreamInfo info, Consumer<Verdict> listener) {
    AttributeContext.HttpRequest asked = request.getAttributes().getRequest().getHttp();
    ByteString body = asked.getRawBody().isEmpty() ? asked.getBodyBytes() : asked.getRawBody();
    return client.send(
        loop,
        target.cluster(),
        new UpstreamClient.Request(
            head(asked, body.size(), info),
            body,
            target.timeoutNanos(),
            ANSWER_BYTES_MAX,
            target.retries()),
        new UpstreamClient.Listener() {
          @Override
          public void onAnswer(UpstreamClient.Answer answer) {
            listener.accept(verdict(answer));
          }

          @Override
          public void onFailure(UpstreamClient.Failure failure) {
            listener.accept(Verdict.ERROR);
          }
        });
  }

  private HeaderBlock head(AttributeContext.HttpRequest asked, int length, StreamInfo info) {
    HeaderBlock head = new HeaderBlock();
    head.add(HeaderName.METHOD, asked.getMethod());
    head.add(HeaderName.SCHEME, "http");
    head.add(HeaderName.AUTHORITY, asked.getHost());
    head.add(HeaderName.PATH, pathOverride.isEmpty() ? pathPrefix + asked.getPath() : pathOverride);
    head.addNumber(HeaderName.CONTENT_LENGTH, length);
    head.add(INTERNAL, "true");
    asked
        .getHeadersMap()
        .forEach(
            (name, value) -> {
              HeaderName header = HeaderName.of(name);
              if (!header.isPseudo() && !FRAMING.contains(header)) {
                head.add(header, value);
              }
            });
    added.apply(head, info, new FormatOutput());
    return head;
  }

  private Verdict verdict(UpstreamClient.Answer answer) {
    if (answer.status() >= 500) {
      return Verdict.ERROR;
    }
    HeaderBlock headers = answer.headers();
    boolean passes = answer.status() == OK;
    List<Change> main = new ArrayList<>();
    List<Change> response = new ArrayList<>();
    Map<String, Object> metadata = new LinkedHashMap<>();
    for (int i = 0; i < headers.size(); i++) {
      if (headers.isPseudo(i) || headers.nameEquals(i, REMOVALS)) {
        continue;
      }
      String name = headers.name(i);
      String value = headers.value(i);
      if (passes) {
        if (isOf(answers.upstream(), headers, i)) {
          main.add(new Change(name, value, Action.SET));
        }
        if (isOf(answers.upstreamAppend(), headers, i)) {
          main.add(new Change(name, value, Action.ADD));
        }
        if (isOf(answers.clientOnSuccess(), headers, i)) {
          response.add(new Change(name, value, Action.ADD));
        }
      } else if (goesToClient(headers, i)) {
        main.add(new Change(name, value, Action.ADD));
      }
      if (isOf(answers.metadata(), headers, i)) {
        metadata.put(name, value);
      }
    }
    Outcome outcome =
        passes
            ? new Outcome.Allowed(main, removals(headers), response, List.of(), List.of())
            : new Outcome.Denied(answer.status(), answer.body(), main);
    return new Verdict(outcome, metadata);
  }

  private static boolean isOf(NameMatcher names, HeaderBlock headers, int index) {
    return names.matches(headers.array(), headers.nameStart(index), headers.nameLength(index));
  }

  private boolean goesToClient(HeaderBlock headers, int index) {
    for (HeaderName framing : FRAMING) {
      if (headers.nameEquals(index, framing)) {
        return false;
      }
    }
    return answers.client().isEmpty()
        || headers.nameEquals(index, AUTHENTICATE)
        || headers.nameEquals(index, HeaderName.LOCATION)
        || isOf(answers.client(), headers, index);
  }

  private static List<String> removals(HeaderBlock headers) {
    List<String> names = new ArrayList<>(0);
    for (int i = headers.find(REMOVALS); i >= 0; i = headers.findNext(REMOVALS, i)) {
      for (String name : headers.value(i).split(",", -1)) {
        if (!name.isBlank()) {
          names.add(name.strip());
        }
      }
    }
    return names;
  }
}
