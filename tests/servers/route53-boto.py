#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""route53-boto.py URL TRUST ZONE - does Amazon's own client take our copy of Route 53 for the real one?

Says "ok WHAT" or "not ok WHAT: why" a line.  What the client sends is what the copy must accept, its
signatures above all; what the copy answers is what the client must understand."""
import os
import re
import sys

import boto3
import botocore.config
import botocore.exceptions

import aws

URL, TRUST, ZONE = sys.argv[1:]
FULL, READER, WEAK = aws.KEYS


def client(key, service="route53", **more):
    words = {"aws_access_key_id": key["id"], "aws_secret_access_key": key["secret"],
             "aws_session_token": key.get("token"), **more}
    return boto3.client(service, endpoint_url=URL, verify=TRUST, region_name="us-east-1",
                        config=botocore.config.Config(retries={"max_attempts": 0}), **words)


def says(what, good, got):
    print("ok %s" % what if good else "not ok %s: %s" % (what, got))


def refused(what, code, pattern, call, *args, **words):
    try:
        says(what, False, call(*args, **words))
    except botocore.exceptions.ClientError as error:
        got = error.response["Error"]
        says(what, got["Code"] == code and re.search(pattern, got["Message"]), got)


def change(who, zone, *changes):
    return who.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Comment": "test", "Changes": [
        {"Action": action, "ResourceRecordSet": {
            "Name": name, "Type": "TXT", "TTL": ttl,
            "ResourceRecords": [{"Value": '"%s"' % value} for value in values]}}
        for action, name, ttl, values in changes]})["ChangeInfo"]


def records(who, zone):
    pages = who.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 2})
    return [s for page in pages for s in page["ResourceRecordSets"]]


def reads(full):
    zones = [z for page in full.get_paginator("list_hosted_zones").paginate() for
             z in page["HostedZones"]]
    names = {z["Name"] for z in zones}
    says("all zones, page by page", len(zones) > 100 and ZONE + "." in names, len(zones))
    found = full.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
    ours = [z for z in found if z["Name"] == ZONE + "."]
    says("two zones of the name, one private", sorted(z["Config"]["PrivateZone"] for z in ours) == [
        False, True], ours)
    zone = next(z["Id"] for z in ours if not z["Config"]["PrivateZone"])
    after = full.list_hosted_zones_by_name(DNSName="aaa." + ZONE.partition(".")[2])["HostedZones"]
    says("an unknown name is a point to start from", after and
         after[0]["Name"].endswith(ZONE + "."), after)
    says("a zone by its id", full.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == ZONE + ".",
         zone)
    return zone


def writes(full, zone):
    name = "_acme-challenge.%s." % ZONE
    info = change(full, zone, ("CREATE", name, 60, ["a", "b"]))
    full.get_waiter("resource_record_sets_changed").wait(
        Id=info["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    says("INSYNC", full.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC", info)
    there = [s for s in records(full, zone) if s["Name"] == name]
    says("created, and read page by page", len(there) == 1 and there[0]["TTL"] == 60 and
         {r["Value"] for r in there[0]["ResourceRecords"]} == {'"a"', '"b"'}, there)
    refused("created twice", "InvalidChangeBatch", "already exists", change, full, zone,
            ("CREATE", name, 60, ["c"]))
    refused("deleted with another TTL", "InvalidChangeBatch", "do not match", change, full, zone,
            ("DELETE", name, 61, ["a", "b"]))
    refused("deleted with a part of its values", "InvalidChangeBatch", "do not match", change, full,
            zone,
            ("DELETE", name, 60, ["a"]))
    refused("deleted though not there", "InvalidChangeBatch", "was not found", change, full, zone,
            ("DELETE", "x." + name, 60, ["a"]))
    refused("deleted twice in a batch", "InvalidChangeBatch", "invalid set of changes", change,
            full,
            zone, *[("DELETE", name, 60, ["a", "b"])] * 2)
    refused("outside of the zone", "InvalidChangeBatch", "not permitted in zone", change, full,
            zone,
            ("CREATE", "www.elsewhere.test.", 60, ["a"]))
    refused("the same value twice", "InvalidChangeBatch", "Duplicate", change, full, zone,
            ("CREATE", "x." + name, 60, ["a", "a"]))
    refused("too long for one string", "InvalidChangeBatch", "CharacterStringTooLong", change, full,
            zone,
            ("CREATE", "x." + name, 60, ["a" * 256]))
    refused("strings without a blank between", "InvalidChangeBatch", "InvalidTXTRDATA", change,
            full,
            zone, ("CREATE", "x." + name, 60, ['a""b']))
    change(full, zone, ("DELETE", name, 60, ["b", "a"]), ("CREATE", name, 60, ["b"]))
    change(full, zone, ("DELETE", name, 60, ["b"]), ("CREATE", "*." + ZONE, 60,
                                                     [r"\303\274 \" \\"]))
    there = {s["Name"]: s["ResourceRecords"][0]["Value"] for s in records(full, zone) if "TTL" in s}
    says("a wildcard and odd octets", there.get("\\052.%s." % ZONE) == '"\\303\\274 \\" \\\\"',
         there)
    change(full, zone, ("DELETE", "\\052." + ZONE, 60, [r"\303\274 \" \\"]))
    says("deleted", name not in there and len(records(full, zone)) == 6, there)
    refused("the SOA cannot go", "InvalidChangeBatch", "SOA", full.change_resource_record_sets,
            HostedZoneId=zone, ChangeBatch={"Changes": [
                {"Action": "DELETE", "ResourceRecordSet": s} for s in records(full, zone) if
                s["Type"] == "SOA"]})


def rights(zone):
    change(client(FULL), zone, ("CREATE", "r." + ZONE, 60, ["r"]))
    says("who may read does", len(records(client(READER), zone)) == 7, "")
    refused("but does not write", "AccessDenied", "route53:ChangeResourceRecordSets", change,
            client(READER),
            zone, ("DELETE", "r." + ZONE, 60, ["r"]))
    change(client(FULL), zone, ("DELETE", "r." + ZONE, 60, ["r"]))
    wrong = dict(FULL, secret=FULL["secret"][:-1] + "x")
    refused("a wrong secret", "SignatureDoesNotMatch", "does not match",
            client(wrong).list_hosted_zones)
    refused("an unknown key", "InvalidClientTokenId", "invalid",
            client(dict(FULL, id="AKIANOBODY0000000001")).list_hosted_zones)
    refused("a token that is none", "InvalidClientTokenId", "invalid",
            client(dict(FULL, token="x")).list_hosted_zones)
    refused("no such zone", "NoSuchHostedZone", "ZNONE", records, client(FULL), "ZNONE")
    refused("no such change", "NoSuchChange", "CNONE", client(FULL).get_change, Id="CNONE")


def roles(zone):
    sts = client(WEAK, "sts")
    refused("weak credentials do nothing", "AccessDenied", "not authorized", records, client(WEAK),
            zone)
    c = sts.assume_role(RoleArn=aws.ROLE, RoleSessionName="test")["Credentials"]
    key = {"id": c["AccessKeyId"], "secret": c["SecretAccessKey"], "token": c["SessionToken"]}
    says("but assume a role, which does", len(records(client(key), zone)) == 6, key["id"])
    refused("its token belongs to it", "InvalidClientTokenId", "invalid",
            client(dict(key, token=None)).list_hosted_zones)
    refused("another role", "AccessDenied", "AssumeRole", sts.assume_role,
            RoleArn=aws.ROLE + "2", RoleSessionName="test")
    c = sts.assume_role_with_web_identity(
        RoleArn=aws.ROLE, RoleSessionName="test",
        WebIdentityToken="web-identity-token-0123456789")["Credentials"]
    says("a web identity has one, too", c["AccessKeyId"].startswith("ASIA"), c)
    refused("a wrong one has none", "InvalidIdentityToken", "not valid",
            sts.assume_role_with_web_identity,
            RoleArn=aws.ROLE, RoleSessionName="test", WebIdentityToken="wrong")


os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
the_zone = reads(client(FULL))
writes(client(FULL), the_zone)
rights(the_zone)
roles(the_zone)
