package io.meltemi.proxy.http.filter.jwtauthn;

/** What came of a token; the texts are what clients and logs are told, and Envoy's. */
enum JwtStatus {
  OK(0, "OK"),
  MISSED(1, "Jwt is missing"),
  NOT_YET_VALID(2, "Jwt not yet valid"),
  EXPIRED(3, "Jwt is expired"),
  BAD_FORMAT(4, "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"),
  HEADER_BASE64(5, "Jwt header is an invalid Base64url encoded"),
  HEADER_JSON(6, "Jwt header is an invalid JSON"),
  HEADER_ALG(7, "Jwt header [alg] field is required and must be a string"),
  HEADER_ALG_UNKNOWN(8, "Jwt header [alg] is not supported"),
  HEADER_KID(9, "Jwt header [kid] field is not a string"),
  PAYLOAD_BASE64(10, "Jwt payload is an invalid Base64url encoded"),
  PAYLOAD_JSON(11, "Jwt payload is an invalid JSON"),
  PAYLOAD_ISS(12, "Jwt payload [iss] field is not a string"),
  PAYLOAD_SUB(13, "Jwt payload [sub] field is not a string"),
  PAYLOAD_IAT(14, "Jwt payload [iat] field is not an integer"),
  PAYLOAD_NBF(16, "Jwt payload [nbf] field is not an integer"),
  PAYLOAD_EXP(18, "Jwt payload [exp] field is not an integer"),
  PAYLOAD_JTI(20, "Jwt payload [jti] field is not a string"),
  PAYLOAD_AUD(21, "Jwt payload [aud] field is not a string or string list"),
  SIGNATURE_BASE64(22, "Jwt signature is an invalid Base64url encoded"),
  UNKNOWN_ISSUER(24, "Jwt issuer is not configured"),
  AUDIENCE(25, "Audiences in Jwt are not allowed"),
  VERIFICATION(26, "Jwt verification fails"),
  NO_KEY(32, "Jwks doesn't have key to match kid or alg from Jwt"),
  FETCH(40, "Jwks remote fetch is failed");

  private final int code;
  private final String text;

  JwtStatus(int code, String text) {
    this.code = code;
    this.text = text;
  }

  /** Envoy's number. */
  int code() {
    return code;
  }

  String text() {
    return text;
  }
}
