/** Tests of AuthorizationPolicies as filters. */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.authz;
