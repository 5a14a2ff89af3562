package io.meltemi.proxy.http.filter.oauth2;

import io.meltemi.proxy.http.filter.oauth2.OAuth2Settings.Cookies;
import io.meltemi.proxy.telemetry.JsonText;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The way of one user to the authorization server.
 *
 * @param location where the browser goes
 * @param cookies by which the way back is known to have begun here
 */
record SignIn(String location, List<String> cookies) {
  private static final int FLOW_SECONDS = 600;

  /**
   * @param url where the user wants to go
   */
  static SignIn begin(OAuth2Settings settings, Seal seal, String url, String redirectUri) {
    Cookies names = settings.cookies();
    Seal.Nonce nonce = seal.newNonce();
    String verifier = Seal.newVerifier();
    StringBuilder quoted = new StringBuilder();
    JsonText.quote(url, quoted);
    String state =
        "{\"url\":%s,\"csrf_token\":\"%s\",\"flow_id\":\"%s\"}"
            .formatted(quoted, nonce.token(), nonce.flow());
    Map<String, String> query = new TreeMap<>(settings.server().authorizationQuery());
    query.put("state", Seal.encoded(state));
    query.put("redirect_uri", Percent.ofQuery(redirectUri));
    query.put("code_challenge", Seal.challenge(verifier));
    query.put("code_challenge_method", "S256");
    String nonceEnd = "=" + nonce.token() + names.nonce().tail(names.domain(), FLOW_SECONDS);
    String verifierEnd =
        "=" + seal.encrypt(verifier) + names.verifier().tail(names.domain(), FLOW_SECONDS);
    return new SignIn(
        settings.server().authorizationUrl() + Callback.text(query) + settings.server().resources(),
        List.of(
            names.nonce().name() + "." + nonce.flow() + nonceEnd,
            names.nonce().name() + nonceEnd,
            names.verifier().name() + "." + nonce.flow() + verifierEnd,
            names.verifier().name() + verifierEnd));
  }
}
