package io.meltemi.proxy.http.filter.oauth2;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Client;
import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Proof;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** What an authorization server is asked. */
final class TokenRequest {
  private static final HeaderName ACCEPT = HeaderName.of("accept");
  private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");
  private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");
  private static final HeaderName EXPECTED_TIMEOUT =
      HeaderName.of("x-envoy-expected-rq-timeout-ms");
  private static final int ANSWER_BYTES_MAX = 1 << 20;

  private TokenRequest() {}

  /** The body that asks for tokens for a code. */
  static String exchanging(
      OAuth2Settings settings,
      ByteString secret,
      String code,
      String redirectUri,
      String verifier) {
    return "grant_type=authorization_code&code="
        + code
        + credentials(settings.client(), secret)
        + "&redirect_uri="
        + Percent.ofForm(redirectUri)
        + "&code_verifier="
        + verifier;
  }

  /** The body that asks for tokens for an older one. */
  static String refreshing(OAuth2Settings settings, ByteString secret, String token) {
    boolean basic = settings.client().proof() == Proof.BASIC;
    return "grant_type=refresh_token&refresh_token="
        + (basic ? Percent.ofText(token) : Percent.ofForm(token))
        + credentials(settings.client(), secret);
  }

  private static String credentials(Client client, ByteString secret) {
    return switch (client.proof()) {
      case BODY ->
          "&client_id="
              + Percent.ofForm(client.id())
              + "&client_secret="
              + Percent.ofForm(secret.toString(StandardCharsets.ISO_8859_1));
      case BASIC -> "";
    };
  }

  static UpstreamClient.Request of(OAuth2Settings settings, ByteString secret, String body) {
    var target = settings.server().token();
    HeaderBlock head = new HeaderBlock();
    head.add(HeaderName.METHOD, "POST");
    head.add(HeaderName.SCHEME, "http");
    head.add(HeaderName.AUTHORITY, target.host());
    head.add(HeaderName.PATH, target.path());
    head.add(HeaderName.CONTENT_TYPE, "application/x-www-form-urlencoded");
    head.add(ACCEPT, "application/json");
    if (settings.client().proof() == Proof.BASIC) {
      ByteString both = ByteString.copyFromUtf8(settings.client().id() + ":").concat(secret);
      head.add(AUTHORIZATION, "Basic " + Base64.getEncoder().encodeToString(both.toByteArray()));
    }
    ByteString bytes = ByteString.copyFrom(body, StandardCharsets.ISO_8859_1);
    head.addNumber(HeaderName.CONTENT_LENGTH, bytes.size());
    head.add(INTERNAL, "true");
    head.addNumber(EXPECTED_TIMEOUT, target.timeoutNanos() / 1_000_000);
    return new UpstreamClient.Request(
        head, bytes, target.timeoutNanos(), ANSWER_BYTES_MAX, settings.server().retries());
  }
}
