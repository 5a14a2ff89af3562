package io.meltemi.proxy.http.filter.basicauth;

import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/**
 * Users and the SHA-1 of their passwords, as {@code htpasswd -s} writes them; of a chain or of a
 * route. Immutable.
 */
final class Users implements RouteFilterConfig {
  private static final String SHA = "{SHA}";
  private static final int HASH_LENGTH = 28;

  private final Map<String, String> hashes;

  private Users(Map<String, String> hashes) {
    this.hashes = Map.copyOf(hashes);
  }

  /** One {@code name:{SHA}hash} a line; what is bad is an error that does not show the hash. */
  static Users parse(String text, ParseScope scope) {
    Map<String, String> hashes = new HashMap<>();
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      String entry = line.strip();
      if (entry.isEmpty() || entry.startsWith("#")) {
        continue;
      }
      int colon = entry.indexOf(':');
      String name = colon < 0 ? "" : entry.substring(0, colon);
      String hash = entry.substring(colon + 1);
      if (name.isEmpty()) {
        scope.error("line " + number, "a name before a colon");
      } else if (!hash.startsWith(SHA) || hash.length() != SHA.length() + HASH_LENGTH) {
        scope.error("line " + number, "{SHA} and " + HASH_LENGTH + " characters behind the name");
      } else if (hashes.put(name, hash.substring(SHA.length())) != null) {
        scope.error("line " + number, "each name once");
      }
    }
    return new Users(hashes);
  }

  boolean accepts(String name, String password) {
    String hash = hashes.get(name);
    // hashed in any case: the time does not tell who is known
    byte[] asked = hash(password).getBytes(StandardCharsets.US_ASCII);
    return hash != null && MessageDigest.isEqual(asked, hash.getBytes(StandardCharsets.US_ASCII));
  }

  private static String hash(String password) {
    try {
      return Base64.getEncoder()
          .encodeToString(
              MessageDigest.getInstance("SHA-1")
                  .digest(password.getBytes(StandardCharsets.ISO_8859_1)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }
}
