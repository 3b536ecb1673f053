/// The commands of a build that nobody follows: what the loop does otherwise, the build does itself.

enum DetachedScript {
    private typealias Variable = Buildspec.Variable
    private static let region = "--region \"${\(Variable.region):-$AWS_REGION}\""

    /// A batch has one source for all of its builds, so each gets its own.
    static let context = """
        if [ -n "$\(Variable.context)" ]; then
          aws s3api get-object --bucket "${\(Variable.context)%%/*}" --key "${\(Variable.context)#*/}" \\
            ${\(Variable.contextVersion):+--version-id "$\(Variable.contextVersion)"} context.zip >context.txt &&
            echo "$\(Variable.contextHash)  context.zip" | sha256sum --check --quiet &&
            python3 -m zipfile -e context.zip . || exit 1
        fi
        """

    /// A reference by a tag becomes one by a digest: of an image that is there, or comes within the time.
    ///
    /// Nothing in docker or CodeBuild waits for a base. Where its build is known and has failed, this one ends at once.
    static let bases = """
        for name in $\(Variable.bases); do
          eval "reference=\\$$name" "build=\\$${name}\(Variable.buildSuffix)"
          case "$reference" in *@sha256:*) continue ;; esac
          repository=${reference#*/}
          repository=${repository%:*}
          started=$(date +%s)
          until digest=$(aws ecr describe-images \(region) --repository-name "$repository" \\
            --image-ids "imageTag=${reference##*:}" --query 'imageDetails[0].imageDigest' --output text 2>base.err) &&
            [ -n "$digest" ]; do
            if grep -v ImageNotFoundException base.err | grep -e AccessDenied -e NotFoundException; then
              echo "imgwatch: the base $reference can't be looked for"
              exit 3
            fi
            if [ -n "$build" ]; then
              status=$(aws codebuild batch-get-builds --ids "$build" --query 'builds[0].buildStatus' --output text)
              case "$status" in FAILED | FAULT | STOPPED | TIMED_OUT)
                echo "imgwatch: the base $reference does not come: its build $build is $status"
                exit 3 ;;
              esac
            fi
            waited=$(($(date +%s) - started))
            if [ "$waited" -ge "${\(Variable.patience):-10}" ]; then
              cat base.err
              echo "imgwatch: the base $reference has not come within $waited s"
              exit 3
            fi
            sleep 1
          done
          export "$name=${reference%:*}@$digest"
        done
        """

    /// The function gets the image, unless somebody who began later is on his way, or was there already.
    ///
    /// Whoever updates a function writes a tag of his own, `imgwatch:generation:N`, where N says when he began. Then he
    /// reads the revision and all tags in one call: where there is a later N he gives up, else he changes the image,
    /// which Lambda does only where the revision is still the one that he read. Both know nothing of each other beyond
    /// that. Why an earlier one (1) never takes the place of a later one (2), in whatever order their calls arrive:
    ///
    /// - Each change of the image makes another revision. So where 1 changes the image after 2 did, he has read the
    ///   revision after that change, and 2 had written his tag before it.
    /// - A tag that is written is nobody else's to overwrite, and is removed only by somebody who has read one with a
    ///   later N. So the latest N of all stays, and 1 has read 2's, or a later one: he has given up.
    ///
    /// The same image is given again, for a revision that was read before must not hold any more. A tag goes when its
    /// writer gives up; the others go when a later image is shown.
    static let function = """
        if [ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ] && [ -n "$\(Variable.function)" ]; then
          fail() { cat lambda.err; echo "imgwatch: $\(Variable.function) does not get the image: $1"; exit 4; }
          lambda() { aws lambda "$@" --function-name "$\(Variable.function)" >lambda.txt 2>lambda.err; }
          tags() {
            called=$1
            shift
            aws lambda "$called" --resource "$arn" "$@" >lambda.txt 2>lambda.err
          }
          is_busy() { grep -q -e ResourceConflictException -e PreconditionFailedException lambda.err; }
          is_absent() { grep -q ResourceNotFoundException lambda.err; }
          is_new_role() { grep -q "cannot be assumed by Lambda" lambda.err; }
          : >lambda.err
          repository=${\(Variable.image)#*/}
          digest=$(aws ecr describe-images \(region) --repository-name "${repository%:*}" \\
            --image-ids "imageTag=${\(Variable.image)##*:}" --query 'imageDetails[0].imageDigest' --output text)
          case "$digest" in sha256:?*) ;; *) fail "the registry does not say its digest" ;; esac
          exact="${\(Variable.image)%:*}@$digest"
          settings=
          if [ -n "$\(Variable.settings)" ]; then
            aws s3 cp --no-progress "s3://$\(Variable.settings)" settings.json || fail "its settings can't be read"
            settings="--cli-input-json file://settings.json"
          fi
          mine="\(Variable.functionTag)$\(Variable.generation)"
          state=new
          attempt=0
          while [ "$state" != over ]; do
            attempt=$((attempt + 1))
            [ "$attempt" -le 30 ] || fail "somebody else changes it all the time"
            # What came of another one's change is not this build's concern.
            lambda wait function-updated-v2 || :
            alias=
            if [ "$state" = published ] && [ -n "$\(Variable.alias)" ]; then
              if lambda get-alias --name "$\(Variable.alias)" --query RevisionId --output text; then
                read -r alias <lambda.txt
              else
                is_absent || fail "its alias can't be read"
              fi
            fi
            of='Configuration.[FunctionArn,RevisionId,PackageType,Architectures[0]],[Code.ResolvedImageUri]'
            if ! lambda get-function --output text --query "[$of,"'keys(not_null(Tags,`{}`))]'; then
              is_absent || fail "it can't be read"
              [ -n "$\(Variable.role)" ] || fail "it is not there, and has no role in the configuration"
              if lambda create-function --package-type Image --code "ImageUri=$exact" --role "$\(Variable.role)" \\
                --architectures "$\(Variable.architecture)" --tags "$mine=$digest" $settings \\
                --query RevisionId --output text; then
                lambda wait function-active-v2 || fail "it can't run it"
                echo "imgwatch: $\(Variable.function) is made, and shows $digest"
                state=shown
                [ -n "$\(Variable.publishes)" ] || state=over
                continue
              fi
              is_busy || is_new_role || fail "it can't be made"
              sleep 2
              continue
            fi
            read -r arn revision kind architecture <lambda.txt
            [ "$kind" = Image ] || fail "it runs a zip file"
            [ "$architecture" = "$\(Variable.architecture)" ] || fail "it is for $architecture"
            all=$(tr '\\t' '\\n' <lambda.txt | sed -n 's/^\(Variable.functionTag)\\([0-9][0-9]*\\)$/\\1/p' | sort -n)
            newest=$(echo "$all" | tail -n 1)
            begun=
            for one in $(tr '\\t' '\\n' <lambda.txt | sed -n 's/^\(Variable.begunTag)\\([0-9][0-9]*\\)$/\\1/p'); do
              [ "$one" -gt "$\(Variable.generation)" ] || begun="$begun \(Variable.begunTag)$one"
            done
            if [ "${newest:-0}" -gt "$\(Variable.generation)" ]; then
              echo "imgwatch: $\(Variable.function) was given a newer image meanwhile"
              [ "$state" = new ] || begun="$begun $mine"
              [ -z "$begun" ] || tags untag-resource --tag-keys $begun || cat lambda.err
              break
            elif [ "$state" = new ]; then
              if tags tag-resource --tags "$mine=$digest"; then
                state=tagged
                continue
              fi
              is_busy || fail "it can't be tagged"
            elif [ "${newest:-0}" != "$\(Variable.generation)" ]; then
              reason="its tags can't be read: permit lambda:ListTags"
              [ "$attempt" -lt 5 ] || fail "$reason"
            elif [ "$state" = tagged ] && [ -n "$settings" ]; then
              if lambda update-function-configuration --revision-id "$revision" $settings \\
                --query RevisionId --output text; then
                state=configured
                continue
              fi
              is_busy || fail "Lambda does not take its settings"
            elif [ "$state" = tagged ] || [ "$state" = configured ]; then
              if lambda update-function-code --revision-id "$revision" --image-uri "$exact" \\
                --query RevisionId --output text; then
                lambda wait function-updated-v2 || fail "it can't run it"
                echo "imgwatch: $\(Variable.function) shows $digest"
                old=$(echo "$all" | grep -vx "$\(Variable.generation)" | sed 's/^/\(Variable.functionTag)/')
                [ -z "$old$begun" ] || tags untag-resource --tag-keys $old $begun || cat lambda.err
                state=shown
                [ -n "$\(Variable.publishes)" ] || state=over
                continue
              fi
              is_busy || fail "Lambda does not take it"
            elif [ "$state" = shown ]; then
              grep -q "@$digest" lambda.txt || fail "somebody else has given it another one"
              if lambda publish-version --revision-id "$revision" --query Version --output text; then
                read -r version <lambda.txt
                echo "imgwatch: $digest is version $version of $\(Variable.function)"
                state=published
                [ -n "$\(Variable.alias)" ] || state=over
                continue
              fi
              is_busy || fail "it can't be published"
            else
              if [ -n "$alias" ]; then
                set -- update-alias --revision-id "$alias"
              else
                set -- create-alias
              fi
              if lambda "$@" --name "$\(Variable.alias)" --function-version "$version"; then
                echo "imgwatch: $\(Variable.alias) of $\(Variable.function) is version $version"
                state=over
                continue
              fi
              is_busy || fail "its alias can't be set"
            fi
            sleep 2
          done
        fi
        """
}
