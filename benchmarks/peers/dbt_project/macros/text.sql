{% macro clean(text) -%}
nullif(trim(regexp_replace({{ text }}, r'[\s\x85\p{Z}]+', ' ')), '')
{%- endmacro %}

{% macro capital(text) -%}
{%- set cleaned = clean(text) -%}
case when {{ cleaned }} = upper({{ cleaned }}) or {{ cleaned }} = lower({{ cleaned }}) then initcap({{ cleaned }})
    else {{ cleaned }} end
{%- endmacro %}
