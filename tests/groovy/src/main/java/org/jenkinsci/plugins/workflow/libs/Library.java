package org.jenkinsci.plugins.workflow.libs;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** `@Library('gitbuilder') _`: here the library is loaded already, and the line means nothing more. */
@Retention(RetentionPolicy.SOURCE)
public @interface Library {
  String[] value() default {};

  boolean changelog() default true;
}
